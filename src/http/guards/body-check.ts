import type { FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'
import { announcesBody } from '../../net/lingering-close.js'
import { invalidPart } from '../responses/problems.js'
import { sendContinue } from './continue.js'
import { awaitFirstByte, mayBeEmpty } from './empty-body.js'
import { ANY_MEDIA_TYPE, type RouteBody } from './route-guards.js'
import type { SlowBodyGuard } from './slow-body-guard.js'

/**
 * Checks the headers of the body against the route's declaration, and sends `100 Continue` for an accepted JSON body. It
 * must be the last check, because the client may then send the body.
 * @param done gets the DomainError of a refused body: `unsupported-media-type`, `body-too-large`, or `validation-failed`
 *   for a GET or HEAD with a body
 */
export function checkBody(
  request: FastifyRequest,
  reply: FastifyReply,
  accepted: RouteBody | undefined,
  slowBodies: SlowBodyGuard,
  done: (error?: Error) => void,
): void {
  const { raw, method } = request
  if (accepted === undefined && mayBeEmpty(raw)) {
    slowBodies.add(raw, true)
    // Against request smuggling: a proxy that ignores the chunked encoding would take the chunks for another request.
    reply.header('connection', 'close')
    awaitFirstByte(raw, (isEmpty, error) => done(error ?? (isEmpty ? undefined : unexpectedBody(method))))
  } else done(checkAnnouncedBody(request, accepted, slowBodies))
}

function checkAnnouncedBody(
  { raw, headers, method }: FastifyRequest,
  accepted: RouteBody | undefined,
  slowBodies: SlowBodyGuard,
): DomainError | undefined {
  if (!announcesBody(raw)) {
    // Many clients always send a type. Without a body it means nothing, but Fastify would parse one.
    const isParsed = accepted?.maxBytes !== undefined || accepted?.mediaTypes.includes(ANY_MEDIA_TYPE)
    if (!isParsed) delete headers['content-type']
    return undefined
  }
  if (accepted === undefined) return unexpectedBody(method)
  const { mediaTypes, maxBytes } = accepted
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!mediaTypes.includes(ANY_MEDIA_TYPE) && !mediaTypes.includes(type))
    return unsupportedMediaType(mediaTypes)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new DomainError('unsupported-media-type', 'Send the body without a Content-Encoding.', {
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

function unexpectedBody(method: string): DomainError {
  if (method === 'GET' || method === 'HEAD')
    return invalidPart('body', `must be empty in a ${method} request`)
  return new DomainError('unsupported-media-type', 'This operation does not accept a body.')
}

function unsupportedMediaType(mediaTypes: readonly string[]): DomainError {
  const detail = `This operation accepts only ${mediaTypes.join(' or ')}.`
  return new DomainError('unsupported-media-type', detail, { headers: { accept: mediaTypes.join(', ') } })
}
