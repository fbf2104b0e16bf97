import type { ServerResponse } from 'node:http'
import { closeIfBodyUnread } from '../../net/lingering-close.js'

/** A refused request: sent as its status, with `code` and `reason` as JSON. */
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

/** The response of a grand that cannot write to its disk. */
export function unavailable(reason: string): RefusedError {
  return new RefusedError(503, 'unavailable', `the grand cannot store anything: ${reason}`, {
    'retry-after': '30',
  })
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`)
  sendBytes(response, status, text, { 'content-type': 'application/json', ...headers })
}

/** Sends a complete response. If the request body is unread, the connection closes after it. */
export function sendBytes(
  response: ServerResponse,
  status: number,
  body: Buffer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-length': String(body.length),
    'cache-control': 'no-store',
    ...(closeIfBodyUnread(response.req) ? { connection: 'close' } : {}),
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

export function sendRefusal(
  response: ServerResponse,
  { status, code, message, headers }: RefusedError,
): void {
  sendJson(response, status, { code, reason: message }, headers)
}
