import type { FastifyInstance } from 'fastify'

/** What waits is kept from the collection of young garbage, and with more of it that costs more than is saved. */
const MOST_BYTES = 128 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** The responses that its own is sent with, if it is ready before they do. */
    batch: Batch | null
  }
}

/** Responses that wait to be sent together. */
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
 * Responses that are ready in the event-loop tick in which their requests came are sent together at its end. To write to a
 * socket wakes its reader, which on one machine (a proxy, say) takes as long as to make a short response: those that are
 * written at once wake it once. Has to come before whatever waits for the end of a tick, so that it runs before that.
 */
export function batchResponses(app: FastifyInstance): void {
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
  // It gives a promise: what fails after it is then a response that fails, and not a rejection that nobody handles.
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
