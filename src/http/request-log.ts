import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { clientOf } from './guards/client-address.js'

/** 5xx statuses that are not a failure of the server: unavailable for now, and insufficient storage. */
const RETRYABLE_STATUSES = [503, 507]

/**
 * Logs one line for each request after its response: successful reads, the majority, at `debug`; 503 and 507 at `warn`;
 * other 5xx at `error`; the rest at `info`. The line omits the query string, because search terms are private.
 */
export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'request_id' })
  }

  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { statusCode } = reply
    const level = levelOf(request.method, statusCode)
    if (!(request.log as Logger).isLevelEnabled(level)) return
    const { caller } = request
    request.log[level](
      {
        method: request.method,
        path: request.url.split('?', 1)[0]?.slice(0, 200),
        status: statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        address: clientOf(request).address,
        ...(caller && 'user_id' in caller && { user_id: caller.user_id }),
        ...(error && { err: error }),
      },
      'request',
    )
  }
}

function levelOf(method: string, status: number): 'debug' | 'info' | 'warn' | 'error' {
  if (status >= 500) return RETRYABLE_STATUSES.includes(status) ? 'warn' : 'error'
  const isReading = method === 'GET' || method === 'HEAD'
  return isReading && status < 400 ? 'debug' : 'info'
}
