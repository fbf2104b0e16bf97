import type { FastifyInstance } from 'fastify'

/** Waiting payloads survive collections of young garbage. Beyond this size that costs more than batching saves. */
const MAX_BATCH_BYTES = 128 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** The batch of the tick in which the request arrived. */
    batch: Batch | null
  }
}

class Batch {
  readonly flushed: Promise<void>
  flush: () => void = () => {}
  sizeBytes = 0

  constructor() {
    this.flushed = new Promise((resolve) => {
      this.flush = resolve
    })
  }
}

/**
 * Sends responses that are ready within their requests' event-loop tick together at its end. A write wakes the socket's
 * reader, which on the same machine (a proxy, for example) costs as much as a short response; a batch wakes it once. Add it
 * before other hooks that wait for the end of a tick, so that it runs first.
 */
export function batchResponses(app: FastifyInstance): void {
  let open: Batch | undefined
  const flushBatch = (batch: Batch) => {
    if (open === batch) open = undefined
    batch.flush()
  }
  const openBatch = () => {
    const batch = new Batch()
    setImmediate(() => flushBatch(batch))
    return batch
  }

  app.decorateRequest('batch', null)
  app.addHook('onRequest', (request, _reply, done) => {
    open ??= openBatch()
    request.batch = open
    done()
  })
  // Async, so that Fastify handles a failure after the wait instead of it becoming an unhandled rejection.
  app.addHook('onSend', async ({ batch }, _reply, payload) => {
    if (batch === null) return payload
    batch.sizeBytes += lengthOf(payload)
    if (batch.sizeBytes > MAX_BATCH_BYTES) flushBatch(batch)
    await batch.flushed
    return payload
  })
}

function lengthOf(payload: unknown): number {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0
}
