import type { ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ByteSource } from '../../lib/byte-source.js'
import { writeChunk } from '../../net/write-chunk.js'
import type { Limits } from '../limits.js'

/**
 * Writes a body chunk by chunk; a failure ends the connection, for the status is already sent. So does a client that
 * takes a chunk more slowly than it might send one: it holds the chunk, and a connection, for next to nothing.
 */
export function sendBytes(
  body: ByteSource,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: Limits,
): FastifyReply {
  const response = reply.raw
  const longestMs = (bytes: number) => limits.streamWindowMs + (bytes * 1000) / limits.streamBytesPerSecond
  reply.hijack()
  response.writeHead(response.statusCode, reply.getHeaders() as Record<string, string>)
  const write = (chunk: Buffer) => {
    const late = setTimeout(() => reset(response), longestMs(chunk.length))
    return writeChunk(response, chunk).finally(() => clearTimeout(late))
  }
  body.copy(write).then(
    () => response.end(),
    (err: unknown) => {
      if (!response.destroyed) request.log.error({ err }, 'a response broke off')
      response.destroy()
    },
  )
  return reply
}

/** Ends a connection at once, so that the kernel does not go on with what it has gathered for it, which may be MiBs. */
function reset(response: ServerResponse): void {
  const { socket } = response
  if (socket === null || socket instanceof TLSSocket) response.destroy()
  else socket.resetAndDestroy()
}
