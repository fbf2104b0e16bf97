import type { FastifyRequest } from 'fastify'
import type { Operation } from '../contract/operation.js'
import { DomainError } from '../domain/errors.js'
import type { BodyWatch } from './body-watch.js'
import { sendContinue } from './continue.js'
import type { Limits } from './limits.js'
import { announcesBody } from './unread-body.js'

/**
 * Looks at what the headers say of the body, refuses one that the operation does not take, and lets the client send the
 * others. It is the last of the checks: the client may start to send once it has passed.
 * @throws DomainError `unsupported-media-type`, `body-too-large`, or `validation-failed` for a GET with a body
 */
export function admitBody(
  request: FastifyRequest,
  operation: Operation,
  limits: Limits,
  watch: BodyWatch,
): void {
  const { raw, headers } = request
  if (!announcesBody(raw)) {
    // Many clients send the type always; without a body it says nothing, and the framework would parse for one.
    if (operation.jsonBody === undefined) delete headers['content-type']
    return
  }
  if (operation.method === 'GET' || operation.method === 'HEAD') {
    const message = `must be empty in a ${operation.method} request`
    throw new DomainError('validation-failed', `body ${message}`, { errors: [{ path: 'body', message }] })
  }
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (!type || !operation.requestMediaTypes.includes(type)) throw unsupported(operation)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new DomainError('unsupported-media-type', 'A body with a Content-Encoding is not taken.', {
      headers: { 'accept-encoding': 'identity' },
    })
  }
  const isJson = type === 'application/json'
  if (isJson && Number(headers['content-length'] ?? 0) > limits.jsonBodyBytes) {
    throw new DomainError('body-too-large', `The body may have at most ${limits.jsonBodyBytes} bytes.`)
  }
  watch.add(raw, isJson)
  if (isJson) sendContinue(raw)
}

function unsupported(operation: Operation): DomainError {
  const types = operation.requestMediaTypes
  if (types.length === 0) return new DomainError('unsupported-media-type', 'This operation takes no body.')
  return new DomainError('unsupported-media-type', `This operation takes ${types.join(' or ')}.`, {
    headers: { accept: types.join(', ') },
  })
}
