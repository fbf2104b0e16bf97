import type { IncomingMessage, ServerResponse } from 'node:http'

/** A refusal of the grand over HTTPS: its status, and a code and a reason as JSON. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    reason: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(reason)
  }
}

/** Of a grand whose disk does not work. */
export function unavailable(reason: string): RefusedError {
  return new RefusedError(503, 'unavailable', `the grand cannot store anything now: ${reason}`, {
    'retry-after': '30',
  })
}

/** For what the other side still sends after it was answered, before the connection is cut. */
const LINGER_MS = 1000

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`)
  sendBytes(response, status, text, { 'content-type': 'application/json', ...headers })
}

/** Answers in full. A request body that was not read is not waited for: the connection ends behind the answer. */
export function sendBytes(
  response: ServerResponse,
  status: number,
  body: Buffer,
  headers: Record<string, string> = {},
): void {
  const unread = bodyIsUnread(response.req)
  response.writeHead(status, {
    'content-length': String(body.length),
    'cache-control': 'no-store',
    ...(unread ? { connection: 'close' } : {}),
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
  if (!unread) return
  // Cutting at once could destroy the answer before it is read.
  const { socket } = response.req
  const cut = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cut))
}

export function sendRefusal(
  response: ServerResponse,
  { status, code, message, headers }: RefusedError,
): void {
  sendJson(response, status, { code, reason: message }, headers)
}

function bodyIsUnread(request: IncomingMessage): boolean {
  const announced = request.headers['content-length'] ?? '0'
  const hasBody = announced !== '0' || request.headers['transfer-encoding'] !== undefined
  return hasBody && !request.complete
}
