import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Operation } from '../contract/operation.js'
import { DomainError } from '../domain/errors.js'
import type { BodyWatch } from './body-watch.js'
import { sendContinue } from './continue.js'
import { awaitFirstByte, mayBeEmpty } from './empty-body.js'
import type { Limits } from './limits.js'
import { invalidPart } from './problems.js'
import { announcesBody } from './unread-body.js'

/** What is taken as a body. */
export type TakenBody = Pick<Operation, 'method' | 'requestMediaTypes' | 'jsonBody'>

/**
 * Looks at what the headers say of the body, refuses one that the operation does not take, and lets the client send the
 * others. It is the last of the checks: the client may start to send once it has passed.
 * @param done is told of a refusal: DomainError `unsupported-media-type`, `body-too-large`, or `validation-failed` for a
 *   GET with a body
 */
export function admitBody(
  request: FastifyRequest,
  reply: FastifyReply,
  taken: TakenBody,
  { limits, watch }: { limits: Limits; watch: BodyWatch },
  done: (refused?: Error) => void,
): void {
  const { raw } = request
  if (taken.requestMediaTypes.length === 0 && mayBeEmpty(raw)) {
    watch.add(raw, true)
    // Who does not read chunks here would see another request in what comes next.
    reply.header('connection', 'close')
    awaitFirstByte(raw, (isEmpty, error) => done(error ?? (isEmpty ? undefined : unwanted(taken))))
  } else done(refusalOfBody(request, taken, limits, watch))
}

function refusalOfBody(
  request: FastifyRequest,
  operation: TakenBody,
  limits: Limits,
  watch: BodyWatch,
): DomainError | undefined {
  const { raw, headers } = request
  if (!announcesBody(raw)) {
    // Many clients send the type always; without a body it says nothing, and the framework would parse for one.
    if (operation.jsonBody === undefined) delete headers['content-type']
    return undefined
  }
  if (operation.requestMediaTypes.length === 0) return unwanted(operation)
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (!type || !operation.requestMediaTypes.includes(type)) return unsupported(operation)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new DomainError('unsupported-media-type', 'A body with a Content-Encoding is not taken.', {
      headers: { 'accept-encoding': 'identity' },
    })
  }
  const isJson = type === 'application/json'
  if (isJson && Number(headers['content-length'] ?? 0) > limits.jsonBodyBytes) {
    return new DomainError('body-too-large', `The body may have at most ${limits.jsonBodyBytes} bytes.`)
  }
  watch.add(raw, isJson)
  if (isJson) sendContinue(raw)
  return undefined
}

/** The refusal of a body where there is to be none. */
function unwanted({ method }: TakenBody): DomainError {
  if (method === 'GET' || method === 'HEAD')
    return invalidPart('body', `must be empty in a ${method} request`)
  return new DomainError('unsupported-media-type', 'This operation takes no body.')
}

function unsupported(operation: TakenBody): DomainError {
  const types = operation.requestMediaTypes
  return new DomainError('unsupported-media-type', `This operation takes ${types.join(' or ')}.`, {
    headers: { accept: types.join(', ') },
  })
}
