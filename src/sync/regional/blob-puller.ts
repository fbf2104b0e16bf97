import type { Logger } from 'pino'
import type { IncomingBlobs } from '../../blobs/incoming-blobs.js'
import {
  firstMissingEntry,
  isMissing,
  missingAfter,
  missingSizes,
  oldestMissing,
} from '../../blobs/missing-blobs.js'
import type { Database } from '../../db/engine/database.js'
import type { Timer, Timers } from '../../lib/timers.js'
import type { BlobRef } from '../../model/change.js'
import type { RemoteBlobs } from './remote-blobs.js'

const MAX_PARALLEL = 4
const PAGE = 500

/** Oldest missing blobs examined for one that may start. */
const MAX_OLDEST = 16

/** Retry delay after the grand did not have a blob, or a transfer failed. An offer retries at once. */
const RETRY_MS = 15_000

export interface BlobPullerDeps {
  db: Database
  incoming: IncomingBlobs
  grand: RemoteBlobs
  timers: Timers
  logger: Logger
  /** Called after each stored blob. */
  onProgress: () => void
}

/**
 * Fetches missing blobs from the grand, several at once: smallest first, but one transfer is always for the oldest missing
 * blob. Transfers resume after a break, and are verified at the end. The database lists the missing blobs; the puller
 * only keeps what to try next.
 */
export class BlobPuller {
  readonly #deps: BlobPullerDeps
  readonly #active = new Set<string>()
  /** Number of offers of each missing blob since the last failed attempt. */
  readonly #offers = new Map<string, number>()
  /** Earliest time of the next attempt by hash and size, in milliseconds of the monotonic clock. */
  readonly #retryAt = new Map<string, number>()
  #signal: AbortSignal = AbortSignal.abort()
  #retry: Timer | undefined

  constructor(deps: BlobPullerDeps) {
    this.#deps = deps
  }

  /** Starts pulling in a new session, until `signal` aborts; every missing blob may be tried again. */
  begin(signal: AbortSignal): void {
    this.#signal = signal
    this.#retryAt.clear()
    this.#offers.clear()
    signal.addEventListener('abort', () => this.#retry?.stop())
    this.refresh()
  }

  /** Retries blobs that the grand offers. */
  offered(sha256s: string[]): void {
    for (const sha256 of sha256s) {
      const sizes = missingSizes(this.#deps.db, sha256)
      if (sizes.length === 0) continue
      for (const size of sizes) this.#retryAt.delete(retryKey({ sha256, size }))
      this.#offers.set(sha256, this.#offersOf(sha256) + 1)
    }
    this.refresh()
  }

  /** Whether the grand has offered a blob that is missing here. */
  isOffered(sha256: string): boolean {
    return this.#offers.has(sha256)
  }

  /** Starts as many transfers as allowed. */
  refresh(): void {
    if (this.#signal.aborted || this.#active.size >= MAX_PARALLEL) return
    for (let after: BlobRef | undefined; ; ) {
      const page = missingAfter(this.#deps.db, after, PAGE)
      if (after === undefined && page.length > 0) this.#startOldest()
      for (const blob of page) {
        if (this.#active.size >= MAX_PARALLEL) return
        if (!this.#active.has(blob.sha256) && !this.#isWaiting(blob)) this.#start(blob)
      }
      after = page.at(-1)
      if (page.length < PAGE) return
    }
  }

  /** Returns the log position, at most `cursor`, up to which every blob is stored here. */
  watermark(cursor: number): number {
    const first = firstMissingEntry(this.#deps.db)
    return first === undefined ? cursor : Math.max(0, first - 1)
  }

  /** Starts the oldest missing blob, so that a stream of small ones never starves a large one. */
  #startOldest(): void {
    const oldest = oldestMissing(this.#deps.db, MAX_OLDEST).find((blob) => !this.#isWaiting(blob))
    if (oldest !== undefined && !this.#active.has(oldest.sha256)) this.#start(oldest)
  }

  #isWaiting(blob: BlobRef): boolean {
    return (this.#retryAt.get(retryKey(blob)) ?? 0) > this.#deps.timers.now()
  }

  #start(blob: BlobRef): void {
    const { sha256 } = blob
    // By the end of this attempt there may be a new session, in which the blob has not been tried yet.
    const signal = this.#signal
    const offers = this.#offersOf(sha256)
    this.#active.add(sha256)
    void this.#fetch(blob, signal)
      .catch((error: Error) => {
        if (!signal.aborted) this.#deps.logger.warn({ sha256, reason: error.message }, 'a pull failed')
        return false
      })
      .then((isDone) => {
        this.#active.delete(sha256)
        // A blob that was offered meanwhile is retried at once.
        if (!signal.aborted && (isDone || this.#offersOf(sha256) === offers)) {
          this.#offers.delete(sha256)
          if (!isDone) this.#waitBeforeRetry(blob)
        }
        this.refresh()
      })
  }

  #offersOf(sha256: string): number {
    return this.#offers.get(sha256) ?? 0
  }

  /** Fetches a blob. @returns false if it is still missing */
  async #fetch({ sha256, size }: BlobRef, signal: AbortSignal): Promise<boolean> {
    const { db, incoming, grand, onProgress } = this.#deps
    if (!isMissing(db, sha256)) return true
    await using blob = await incoming.receive(sha256, size)
    if (blob.offset < size) {
      const bytes = await grand.get(sha256, blob.offset, size - 1, signal)
      if (bytes === undefined) return !isMissing(db, sha256)
      await bytes.copy((chunk) => blob.write(chunk))
    }
    await blob.finish()
    onProgress()
    return true
  }

  #waitBeforeRetry(blob: BlobRef): void {
    if (!isMissing(this.#deps.db, blob.sha256)) return
    const { timers } = this.#deps
    this.#retryAt.set(retryKey(blob), timers.now() + RETRY_MS)
    this.#retry?.stop()
    this.#retry = timers.after(RETRY_MS + 10, () => this.refresh())
  }
}

/** Two changes may reference one hash with different sizes; their retries are independent. */
function retryKey({ sha256, size }: BlobRef): string {
  return `${sha256} ${size}`
}
