import type { FastifyInstance } from 'fastify'

/** What waits is kept from the collection of young garbage, and with more of it that costs more than is saved. */
const MOST_BYTES = 128 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** With which answers its own leaves, if it is ready before they do. */
    batch: Batch | null
  }
}

/** Answers that wait to leave together. */
class Batch {
  readonly left: Promise<void>
  leave: () => void = () => {}
  bytes = 0

  constructor() {
    this.left = new Promise((resolve) => {
      this.leave = resolve
    })
  }
}

/**
 * Answers that are ready in the turn of the loop in which their requests came leave together at its end. To write to a
 * socket wakes its reader, which on one machine (a proxy, say) takes as long as to make a short answer: those that are
 * written at once wake it once. Has to come before whatever waits for the end of a turn, so that it runs before that.
 */
export function coalesceAnswers(app: FastifyInstance): void {
  let open: Batch | undefined
  const end = (batch: Batch) => {
    if (open === batch) open = undefined
    batch.leave()
  }
  const begin = () => {
    const batch = new Batch()
    setImmediate(() => end(batch))
    return batch
  }

  app.decorateRequest('batch', null)
  app.addHook('onRequest', (request, _reply, done) => {
    open ??= begin()
    request.batch = open
    done()
  })
  // It gives a promise: what fails after it is then an answer that fails, and not a rejection that nobody handles.
  app.addHook('onSend', async ({ batch }, _reply, payload) => {
    if (batch === null) return payload
    batch.bytes += lengthOf(payload)
    if (batch.bytes > MOST_BYTES) end(batch)
    await batch.left
    return payload
  })
}

function lengthOf(payload: unknown): number {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0
}
