import type { IncomingMessage } from 'node:http'
import { DomainError } from '../../domain/errors.js'
import type { Limits } from '../limits.js'
import { invalidPart } from '../responses/problems.js'

/**
 * Finds violations of RFC 9112 that Node accepts although they are ambiguous. The connection must close after one.
 * @returns undefined for a valid request
 */
export function findSyntaxError(raw: IncomingMessage, { headerFields }: Limits): DomainError | undefined {
  // HTTP/0.9: a request line without a version.
  if (raw.httpVersionMajor === 0) return invalidPart('request', 'is not well-formed HTTP/1.1')
  // `rawHeaders` alternates names and values. Node silently drops fields beyond its own limit.
  if (raw.rawHeaders.length > 2 * headerFields)
    return new DomainError('request-header-too-large', 'The request has too many headers.')
  // RFC 9112 section 3.2. Node would refuse a missing Host without a body, and use the first of several.
  const hosts = countHosts(raw.rawHeaders)
  if (hosts > 1) return invalidPart('header/host', 'must not be repeated')
  if (raw.httpVersion === '1.1' && !raw.headers.host) return invalidPart('header/host', 'is required')
  return undefined
}

function countHosts(rawHeaders: string[]): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count
}
