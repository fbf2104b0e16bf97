import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { JSON_MEDIA_TYPE, type Operation } from '../../contract/operation.js'
import { DomainError } from '../../domain/errors.js'
import type { ByteSource } from '../../lib/byte-source.js'
import { Json } from '../../lib/json.js'
import { closeIfBodyUnread } from '../../net/lingering-close.js'
import type { Limits } from '../limits.js'
import { sendBytes } from '../responses/send-bytes.js'

/** The result of a handler, without its static type. */
export interface HandlerResponse {
  status: number
  headers?: Record<string, string | string[]>
  body?: unknown
}

type StreamBody = (response: ServerResponse) => void

const EVENT_STREAM = 'text/event-stream'

/**
 * Sends a handler's result as the operation declares it. The contract's schema serialises bodies that are not JSON text
 * already.
 * @param streams collects open event streams
 * @throws DomainError `internal-error` for a response that the contract does not declare
 */
export function sendResponse(
  operation: Operation,
  handled: HandlerResponse,
  request: FastifyRequest,
  reply: FastifyReply,
  { streams, limits }: { streams: Set<ServerResponse>; limits: Limits },
): FastifyReply {
  const { status, body } = handled
  const declared = operation.successes.get(status)
  if (!declared) throw undeclared(operation, `the status ${status}`)
  const types = Object.keys(declared)
  if (types.length > 0 !== (body !== undefined)) {
    throw undeclared(operation, `${status} ${body === undefined ? 'without' : 'with'} a body`)
  }
  reply.code(status).headers(handled.headers ?? {})
  if (closeIfBodyUnread(request.raw)) reply.header('connection', 'close')
  if (body === undefined) return reply.send()
  if (typeof body === 'function') {
    if (!(EVENT_STREAM in declared)) throw undeclared(operation, 'an event stream')
    if (request.method === 'HEAD') return reply.type(EVENT_STREAM).send(null)
    return openStream(body as StreamBody, reply, streams)
  }
  if (!reply.hasHeader('content-type'))
    reply.type(types[0] === '*/*' ? 'application/octet-stream' : (types[0] ?? ''))
  if (!isDeclared(String(reply.getHeader('content-type')), types))
    throw undeclared(operation, 'the media type')
  // For other bodies Fastify responds to HEAD with their length.
  if (request.method === 'HEAD' && (isByteSource(body) || Buffer.isBuffer(body))) {
    if (isByteSource(body)) void body.close()
    return reply.send(null)
  }
  if (isByteSource(body)) return sendBytes(body, request, reply, limits)
  // Fastify sends a bare string without serialising it.
  if (JSON_MEDIA_TYPE in declared && typeof body !== 'object') throw undeclared(operation, 'a bare value')
  return reply.send(body instanceof Json ? body.text : body)
}

function isByteSource(body: unknown): body is ByteSource {
  return typeof (body as Partial<ByteSource>).copy === 'function' && !Buffer.isBuffer(body)
}

function openStream(body: StreamBody, reply: FastifyReply, streams: Set<ServerResponse>): FastifyReply {
  const response = reply.raw
  reply.hijack()
  if (response.destroyed) return reply
  streams.add(response)
  response.once('close', () => streams.delete(response))
  // The connection serves nothing afterwards, so its close can end the body (RFC 9112 section 6.3). A write without chunked
  // encoding is one piece instead of three.
  response.useChunkedEncodingByDefault = false
  response.shouldKeepAlive = false
  // Disables response buffering in nginx and similar proxies.
  response.writeHead(response.statusCode, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': EVENT_STREAM,
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  body(response)
  return reply
}

function isDeclared(contentType: string, types: string[]): boolean {
  const essence = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return types.includes('*/*') || types.includes(essence)
}

function undeclared(operation: Operation, part: string): DomainError {
  return new DomainError(
    'internal-error',
    `${operation.id} responded with ${part}, which openapi.yaml does not declare`,
  )
}
