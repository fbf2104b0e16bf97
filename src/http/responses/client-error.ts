import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { DomainError } from '../../domain/errors.js'
import { systemRandom } from '../../lib/random.js'
import { lingeringClose } from '../../net/lingering-close.js'
import { invalidPart, PROBLEMS, problemDocument, problemHeaders } from './problems.js'

/** Connections that had their last response; what else they send is broken too, and says nothing new. */
const ended = new WeakSet<Socket>()

/**
 * Responds to what is no HTTP request, or not a whole one, on the bare socket, for there is no request that anything else
 * could respond to. Then the connection closes, for where the next request would start is unknown.
 */
export function sendClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  baseHeaders: Record<string, string>,
): void {
  if (ended.has(socket)) return
  ended.add(socket)
  // A response that is under way on the socket must not get another in its middle.
  const current = (socket as Socket & { _httpMessage?: { headersSent: boolean } })._httpMessage
  // A connection on which nothing was asked is closed without a word: who asks just then would take it for the response
  // (RFC 9112 section 9.5).
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
        'The request line and headers are too long together.',
      )
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new DomainError('body-too-large', 'The chunk extensions are too long.')
    default:
      return invalidPart('request', 'is not well-formed HTTP/1.1')
  }
}
