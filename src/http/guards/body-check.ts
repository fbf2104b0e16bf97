import type { FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'
import { announcesBody } from '../../net/lingering-close.js'
import { invalidPart } from '../responses/problems.js'
import { sendContinue } from './continue.js'
import { awaitFirstByte, mayBeEmpty } from './empty-body.js'
import { ANY_MEDIA_TYPE, type RouteBody } from './route-guards.js'
import type { SlowBodyGuard } from './slow-body-guard.js'

/**
 * Looks at what the headers say of the body, refuses one that the route does not take, and lets the client send the
 * others. It is the last of the checks: the client may start to send once it has passed.
 * @param done is told of a refusal: DomainError `unsupported-media-type`, `body-too-large`, or `validation-failed` for a
 *   GET with a body
 */
export function checkBody(
  request: FastifyRequest,
  reply: FastifyReply,
  taken: RouteBody | undefined,
  slowBodies: SlowBodyGuard,
  done: (refused?: Error) => void,
): void {
  const { raw, method } = request
  if (taken === undefined && mayBeEmpty(raw)) {
    slowBodies.add(raw, true)
    // Who does not read chunks here would see another request in what comes next.
    reply.header('connection', 'close')
    awaitFirstByte(raw, (isEmpty, error) => done(error ?? (isEmpty ? undefined : unwanted(method))))
  } else done(refusalOfBody(request, taken, slowBodies))
}

function refusalOfBody(
  { raw, headers, method }: FastifyRequest,
  taken: RouteBody | undefined,
  slowBodies: SlowBodyGuard,
): DomainError | undefined {
  if (!announcesBody(raw)) {
    // Many clients send the type always; without a body it says nothing, and the framework would parse for one.
    const isParsed = taken?.maxBytes !== undefined || taken?.mediaTypes.includes(ANY_MEDIA_TYPE)
    if (!isParsed) delete headers['content-type']
    return undefined
  }
  if (taken === undefined) return unwanted(method)
  const { mediaTypes, maxBytes } = taken
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!mediaTypes.includes(ANY_MEDIA_TYPE) && !mediaTypes.includes(type)) return unsupported(mediaTypes)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new DomainError('unsupported-media-type', 'A body with a Content-Encoding is not taken.', {
      headers: { 'accept-encoding': 'identity' },
    })
  }
  if (maxBytes !== undefined && Number(headers['content-length'] ?? 0) > maxBytes) {
    return new DomainError('body-too-large', `The body may have at most ${maxBytes} bytes.`)
  }
  slowBodies.add(raw, maxBytes !== undefined)
  if (maxBytes !== undefined) sendContinue(raw)
  return undefined
}

/** The refusal of a body where there is to be none. */
function unwanted(method: string): DomainError {
  if (method === 'GET' || method === 'HEAD')
    return invalidPart('body', `must be empty in a ${method} request`)
  return new DomainError('unsupported-media-type', 'This operation takes no body.')
}

function unsupported(mediaTypes: readonly string[]): DomainError {
  return new DomainError('unsupported-media-type', `This operation takes ${mediaTypes.join(' or ')}.`, {
    headers: { accept: mediaTypes.join(', ') },
  })
}
