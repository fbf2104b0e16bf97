import type { FastifyInstance } from 'fastify'

/** A longer answer takes longer to copy than its reader to wake. */
const LONG_BYTES = 16 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** Resolves at the end of the turn of the loop in which the request came. */
    turnEnd: Promise<void> | null
  }
}

/**
 * Answers that are ready in the turn of the loop in which their requests came leave together at its end. To write to a
 * socket wakes its reader, which on one machine (a proxy, say) takes as long as to make a short answer: those that are
 * written at once wake it once. Has to come before whatever waits for the end of a turn, so that it runs before that.
 */
export function coalesceAnswers(app: FastifyInstance): void {
  let turnEnd: Promise<void> | undefined
  const endOfTurn = () => {
    turnEnd ??= new Promise((resolve) => {
      setImmediate(() => {
        turnEnd = undefined
        resolve()
      })
    })
    return turnEnd
  }

  app.decorateRequest('turnEnd', null)
  app.addHook('onRequest', (request, _reply, done) => {
    request.turnEnd = endOfTurn()
    done()
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (request.turnEnd === null || lengthOf(payload) > LONG_BYTES) done(null, payload)
    else void request.turnEnd.then(() => done(null, payload))
  })
}

function lengthOf(payload: unknown): number {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0
}
