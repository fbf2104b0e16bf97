import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'

/** A `\uD800`–`\uDFFF` escape. JSON.stringify writes one only for a lone surrogate. */
const SURROGATE_ESCAPE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/**
 * Parses JSON bodies by RFC 8259 section 8.1 and RFC 7493 (I-JSON): well-formed UTF-8 without lone surrogates, which
 * storage as UTF-8 would alter. Refuses `__proto__` and `constructor.prototype` keys.
 */
export function addJsonParser(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = decode(body)
    if (text === undefined) return done(malformed('The body is not valid UTF-8.'))
    void parse(request as FastifyRequest, text, (error, value) => {
      if (error && text.length > 0) return done(malformed('The body is not valid JSON.'))
      if (error) return done(error)
      if (SURROGATE_ESCAPE.test(text) && SURROGATE_ESCAPE.test(JSON.stringify(value))) {
        return done(malformed('The body contains a lone surrogate.'))
      }
      done(null, value)
    })
  })
}

function decode(body: Buffer): string | undefined {
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}

function malformed(detail: string): DomainError {
  return new DomainError('malformed-json', detail)
}
