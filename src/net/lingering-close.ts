import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** How long, and for how many more bytes, a client that is still sending is read from after its response. */
const LINGER_MS = 2_000
const LINGER_BYTES = 4 * 1024 * 1024
const LINGER_CHECK_MS = 20

/** Whether the request says that a body follows its headers (RFC 9112 section 6.3). */
export function announcesBody(raw: IncomingMessage): boolean {
  return raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0
}

/**
 * Has to be called before the head of a response is written. Where the body was not read to its end, the connection
 * closes after the response: a refused upload of 10 GB is not worth reading for the sake of the connection.
 */
export function closeIfBodyUnread(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  if (raw.complete || raw.readableEnded || !announcesBody(raw)) return
  reply.header('connection', 'close')
  if (!(raw.socket instanceof Socket)) return
  // Node ends the connection after a response with `Connection: close` by this method.
  raw.socket.destroySoon = () => {
    raw.removeAllListeners('data')
    raw.resume()
    lingeringClose(raw.socket)
  }
}

/**
 * Ends a connection so that the client gets to read its response. To close while bytes are still coming in makes the
 * kernel send a reset, which throws away what the client has not read yet; so a little is read and dropped first
 * (RFC 9112 section 9.6).
 */
export function lingeringClose(socket: Socket): void {
  if (socket.destroyed) return
  socket.end()
  const deadline = Date.now() + LINGER_MS
  const limit = socket.bytesRead + LINGER_BYTES
  const timer = setInterval(() => {
    if (Date.now() > deadline || socket.bytesRead > limit) socket.destroy()
  }, LINGER_CHECK_MS)
  socket.once('close', () => clearInterval(timer))
}
