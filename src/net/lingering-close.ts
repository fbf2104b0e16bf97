import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** Limits of reading from a client that is still sending after its response. */
const LINGER_MS = 2_000
const LINGER_BYTES = 4 * 1024 * 1024
const LINGER_CHECK_MS = 20

/** Whether the headers announce a body (RFC 9112 section 6.3). */
export function announcesBody(raw: IncomingMessage): boolean {
  return raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0
}

/**
 * Arranges a lingering close after the response if the request body was not read to its end: reading a refused upload of
 * 10 GB would cost more than a new connection.
 * @returns whether the connection will close: the response then needs `Connection: close`
 */
export function closeIfBodyUnread(request: IncomingMessage): boolean {
  if (request.complete || request.readableEnded || !announcesBody(request)) return false
  if (!(request.socket instanceof Socket)) return true
  // Node calls this method to end the connection after a response with `Connection: close`.
  request.socket.destroySoon = () => {
    request.removeAllListeners('data')
    request.resume()
    lingeringClose(request.socket)
  }
  return true
}

/**
 * Ends a connection without losing the response. Closing while bytes are still arriving makes the kernel send a reset,
 * which discards what the client has not read yet. So the server first reads and drops a limited amount
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
