import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { DomainError } from '../../domain/errors.js'
import { systemRandom } from '../../lib/random.js'
import { lingeringClose } from '../../net/lingering-close.js'
import { invalidPart, PROBLEMS, problemDocument, problemHeaders } from './problems.js'

/** Sockets that have had their error response. Later parser errors on them follow from the first. */
const refusedSockets = new WeakSet<Socket>()

/**
 * Sends a problem on the bare socket for malformed or incomplete HTTP, where no request object exists. Then closes the
 * connection, because the start of the next request is unknown.
 */
export function sendClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  baseHeaders: Record<string, string>,
): void {
  if (refusedSockets.has(socket)) return
  refusedSockets.add(socket)
  // The socket may be in the middle of another response.
  const current = (socket as Socket & { _httpMessage?: { headersSent: boolean } })._httpMessage
  // An idle connection closes without a response: a client that sends a request at this moment would take the 408 for its
  // response (RFC 9112 section 9.5).
  const isSilent = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0
  if (isSilent || error.code === 'ECONNRESET' || !socket.writable || current?.headersSent) {
    socket.destroy()
    return
  }
  const problem = problemOf(error)
  const requestId = systemRandom.id()
  const body = problemDocument(problem, requestId)
  const headers = {
    ...baseHeaders,
    ...problemHeaders(problem),
    'x-request-id': requestId,
    date: new Date().toUTCString(),
    connection: 'close',
    'content-length': String(body.length),
  }
  const { status } = PROBLEMS[problem.code]
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`)
  socket.write(body)
  lingeringClose(socket)
}

function problemOf(error: NodeJS.ErrnoException): DomainError {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DomainError('request-timeout', 'The headers did not arrive in time.')
    case 'HPE_HEADER_OVERFLOW':
      return new DomainError(
        'request-header-too-large',
        'The request line and headers together are too long.',
      )
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new DomainError('body-too-large', 'The chunk extensions are too long.')
    default:
      return invalidPart('request', 'is not well-formed HTTP/1.1')
  }
}
