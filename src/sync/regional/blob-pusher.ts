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
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #grand: RemoteBlobs
  readonly #timers: Timers
  readonly #random: Random
  readonly #logger: Logger
  readonly #wanted = new Map<string, number>()
  readonly #active = new Set<string>()
  readonly #onLost: () => void
  #signal: AbortSignal = AbortSignal.abort()

  constructor(deps: BlobPusherDeps) {
    this.#db = deps.db
    this.#blobs = deps.blobs
    this.#grand = deps.grand
    this.#timers = deps.timers
    this.#random = deps.random
    this.#logger = deps.logger
    this.#onLost = deps.onLost
  }

  /** Starts pushing in a new session, until `signal` aborts; the grand requests its missing blobs again. */
  begin(signal: AbortSignal): void {
    this.#signal = signal
    this.#wanted.clear()
  }

  /** Queues blobs to send; skips those that are not stored here. */
  push(sha256s: string[]): void {
    for (const sha256 of sha256s) {
      const size = this.#blobs.sizeOf(this.#db, sha256)
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
    for (let failures = 0; failures < MAX_ATTEMPTS && !signal.aborted; failures += 1) {
      try {
        await pause(this.#timers, backOffMs(failures, this.#random.fraction()), signal)
        if (signal.aborted) return
        const offset = await this.#grand.offset(sha256, signal)
        if (offset >= size && size > 0) return
        const bytes = await this.#blobs.slice(sha256, offset, size - 1, 'disk')
        if (bytes === undefined) return
        return await this.#grand.put(sha256, size, offset, bytes, signal)
      } catch (error) {
        if (signal.aborted) return
        const code = error instanceof TransferRefusedError ? error.code : ''
        // Another regional is sending this blob; if it fails, the grand requests it again.
        if (code === 'busy') return
        this.#logger.warn({ sha256, reason: (error as Error).message }, 'a push failed')
        if (['unknown-blob', 'size-mismatch', 'too-large'].includes(code)) return
        if (code === 'corrupt' && !(await this.#isIntact({ sha256, size }))) return
      }
    }
  }

  /** Verifies the stored blob after the grand found a hash mismatch; a corrupt one is removed. */
  async #isIntact(blob: { sha256: string; size: number }): Promise<boolean> {
    const isIntact = await checkBlob({ db: this.#db, blobs: this.#blobs }, blob)
    if (isIntact) return true
    this.#logger.error({ sha256: blob.sha256 }, 'a stored blob is corrupt')
    this.#onLost()
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
