import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { JSON_MEDIA_TYPE, type Operation } from '../../contract/operation.js'
import { DomainError } from '../../domain/errors.js'
import type { ByteSource } from '../../lib/byte-source.js'
import { Json } from '../../lib/json.js'
import { closeIfBodyUnread } from '../../net/lingering-close.js'
import type { Limits } from '../limits.js'
import { sendBytes } from '../responses/send-bytes.js'

/** What a handler returned, its type forgotten. */
export interface HandlerResponse {
  status: number
  headers?: Record<string, string | string[]>
  body?: unknown
}

type StreamBody = (response: ServerResponse) => void

const EVENT_STREAM = 'text/event-stream'

/**
 * Sends what a handler returned, as the operation declares it. What is not JSON already is serialised by the contract's
 * schema.
 * @param streams where a response that stays open is kept while it is
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
  // Of other bodies the framework sends the length alone.
  if (request.method === 'HEAD' && (isByteSource(body) || Buffer.isBuffer(body))) {
    if (isByteSource(body)) void body.close()
    return reply.send(null)
  }
  if (isByteSource(body)) return sendBytes(body, request, reply, limits)
  // A bare string would go out unserialised.
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
  // Its connection serves nothing after it, so that its end can be that of the connection (RFC 9112 section 6.3): what is
  // written then goes out in one piece, and not in three.
  response.useChunkedEncodingByDefault = false
  response.shouldKeepAlive = false
  // Nginx and its like would gather events before they pass them on.
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

function undeclared(operation: Operation, what: string): DomainError {
  return new DomainError(
    'internal-error',
    `${operation.id} responded with ${what}, which openapi.yaml does not declare`,
  )
}
