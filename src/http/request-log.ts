import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { clientOf } from './guards/client-address.js'

/** Responses of 5xx that are no failure: try again later, there is no room. */
const NOT_NOW = [503, 507]

/**
 * One line for each request, when its response has been sent: what changed something or was refused at `info`, what failed at
 * `error`, what there is no room or no server for now at `warn`, and reading, which is most, at `debug`. The query is
 * left out, for a search is private.
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
  if (status >= 500) return NOT_NOW.includes(status) ? 'warn' : 'error'
  const isReading = method === 'GET' || method === 'HEAD'
  return isReading && status < 400 ? 'debug' : 'info'
}
