import type { ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ByteSource } from '../../lib/byte-source.js'
import { writeChunk } from '../../net/write-chunk.js'
import type { Limits } from '../limits.js'

/**
 * Writes a body chunk by chunk. A failure closes the connection, because the status has been sent. A client that receives
 * more slowly than `streamBytesPerSecond` is disconnected too: it would occupy memory and a connection.
 */
export function sendBytes(
  body: ByteSource,
  request: FastifyRequest,
  reply: FastifyReply,
  limits: Limits,
): FastifyReply {
  const response = reply.raw
  const timeoutMs = (bytes: number) => limits.streamWindowMs + (bytes * 1000) / limits.streamBytesPerSecond
  reply.hijack()
  response.writeHead(response.statusCode, reply.getHeaders() as Record<string, string>)
  const write = (chunk: Buffer) => {
    const timeout = setTimeout(() => resetConnection(response), timeoutMs(chunk.length))
    return writeChunk(response, chunk).finally(() => clearTimeout(timeout))
  }
  body.copy(write).then(
    () => response.end(),
    (err: unknown) => {
      if (!response.destroyed) request.log.error({ err }, 'response aborted')
      response.destroy()
    },
  )
  return reply
}

/** Closes a connection with RST where possible, so that the kernel discards its send buffer, which may hold MiBs. */
function resetConnection(response: ServerResponse): void {
  const { socket } = response
  if (socket === null || socket instanceof TLSSocket) response.destroy()
  else socket.resetAndDestroy()
}
