import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { clientAddress } from './client-address.js'

/**
 * One line for each request, when it is answered: what changed something or was refused at `info`, what failed at
 * `error`, and reading, which is most, at `debug`. The query is left out, for a search is private.
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
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    const level = statusCode >= 500 ? 'error' : isReading && statusCode < 400 ? 'debug' : 'info'
    if (!(request.log as Logger).isLevelEnabled(level)) return
    const { caller } = request
    request.log[level](
      {
        method: request.method,
        path: request.url.split('?', 1)[0]?.slice(0, 200),
        status: statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        address: clientAddress(request),
        ...(caller && 'user_id' in caller && { user_id: caller.user_id }),
        ...(error && { err: error }),
      },
      'request',
    )
  }
}
