import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import { checkBlob } from '../../blobs/scrub.js'
import type { Database } from '../../db/engine/database.js'
import type { Random } from '../../lib/random.js'
import { pause, type Timers } from '../../lib/timers.js'
import { backOffMs } from './back-off.js'
import { type RemoteBlobs, TransferRefusedError } from './remote-blobs.js'

const MAX_PARALLEL = 4
const MAX_ATTEMPTS = 6

export interface BlobPusherDeps {
  db: Database
  blobs: BlobStore
  grand: RemoteBlobs
  timers: Timers
  random: Random
  logger: Logger
  /** Called after a blob was found corrupt and removed. */
  onLost: () => void
}

/** Sends the blobs that the grand requests, smallest first. The grand keeps the list of its missing blobs. */
export class BlobPusher {
  readonly #deps: BlobPusherDeps
  readonly #wanted = new Map<string, number>()
  readonly #active = new Set<string>()
  #signal: AbortSignal = AbortSignal.abort()

  constructor(deps: BlobPusherDeps) {
    this.#deps = deps
  }

  /** Starts pushing in a new session, until `signal` aborts; the grand requests its missing blobs again. */
  begin(signal: AbortSignal): void {
    this.#signal = signal
    this.#wanted.clear()
  }

  /** Queues blobs to send; skips those that are not stored here. */
  push(sha256s: string[]): void {
    const { db, blobs } = this.#deps
    for (const sha256 of sha256s) {
      const size = blobs.sizeOf(db, sha256)
      if (size !== undefined) this.#wanted.set(sha256, size)
    }
    this.#start()
  }

  #start(): void {
    while (this.#active.size < MAX_PARALLEL && !this.#signal.aborted) {
      // A blob requested again during its transfer is sent again after it: the first one may have been lost.
      const [sha256, size] = smallest(this.#wanted, this.#active) ?? []
      if (sha256 === undefined || size === undefined) return
      this.#wanted.delete(sha256)
      this.#active.add(sha256)
      void this.#send(sha256, size, this.#signal).finally(() => {
        this.#active.delete(sha256)
        this.#start()
      })
    }
  }

  /** Sends a blob, and retries while that can help. */
  async #send(sha256: string, size: number, signal: AbortSignal): Promise<void> {
    const { blobs, grand, timers, random, logger } = this.#deps
    for (let failures = 0; failures < MAX_ATTEMPTS && !signal.aborted; failures += 1) {
      try {
        await pause(timers, backOffMs(failures, random.fraction()), signal)
        if (signal.aborted) return
        const offset = await grand.offset(sha256, signal)
        if (offset >= size && size > 0) return
        const bytes = await blobs.slice(sha256, offset, size - 1, 'disk')
        if (bytes === undefined) return
        return await grand.put(sha256, size, offset, bytes, signal)
      } catch (error) {
        if (signal.aborted) return
        const code = error instanceof TransferRefusedError ? error.code : ''
        // Another regional is sending this blob; if it fails, the grand requests it again.
        if (code === 'busy') return
        logger.warn({ sha256, reason: (error as Error).message }, 'a push failed')
        if (['unknown-blob', 'size-mismatch', 'too-large'].includes(code)) return
        if (code === 'corrupt' && !(await this.#isIntact({ sha256, size }))) return
      }
    }
  }

  /** Verifies the stored blob after the grand found a hash mismatch; a corrupt one is removed. */
  async #isIntact(blob: { sha256: string; size: number }): Promise<boolean> {
    if (await checkBlob(this.#deps, blob)) return true
    this.#deps.logger.error({ sha256: blob.sha256 }, 'a stored blob is corrupt')
    this.#deps.onLost()
    return false
  }
}

function smallest(blobs: Map<string, number>, except: Set<string>): [string, number] | undefined {
  let found: [string, number] | undefined
  for (const entry of blobs) {
    if (!except.has(entry[0]) && (found === undefined || entry[1] < found[1])) found = entry
  }
  return found
}
