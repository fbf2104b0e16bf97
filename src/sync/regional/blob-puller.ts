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

/** Of those that are missing longest so many are looked at for one that may start. */
const MAX_OLDEST = 16

/** After the grand had nothing, or a transfer failed, a blob is asked for again so much later; or when it is offered. */
const RETRY_MS = 15_000

export interface BlobPullerDeps {
  db: Database
  incoming: IncomingBlobs
  grand: RemoteBlobs
  timers: Timers
  logger: Logger
  /** One blob less is missing. */
  onProgress: () => void
}

/**
 * Fetches the bytes that are missing here from the grand, a few at once: small ones first, and always the one that is
 * missing longest. Each is resumed after a break and verified before it counts. What is missing stands in the database;
 * this only knows what to try next.
 */
export class BlobPuller {
  readonly #deps: BlobPullerDeps
  readonly #active = new Set<string>()
  /** How often each missing blob was offered since the grand was found not to have it. */
  readonly #offers = new Map<string, number>()
  /** Blobs, by hash and size, that are not to be tried before a time, milliseconds of the monotonic clock. */
  readonly #retryAt = new Map<string, number>()
  #signal: AbortSignal = AbortSignal.abort()
  #retry: Timer | undefined

  constructor(options: BlobPullerDeps) {
    this.#deps = options
  }

  /** Begins a link: everything is tried again. */
  begin(signal: AbortSignal): void {
    this.#signal = signal
    this.#retryAt.clear()
    this.#offers.clear()
    signal.addEventListener('abort', () => this.#retry?.stop())
    this.refresh()
  }

  /** The grand has these now. */
  offered(sha256s: string[]): void {
    for (const sha256 of sha256s) {
      const sizes = missingSizes(this.#deps.db, sha256)
      if (sizes.length === 0) continue
      for (const size of sizes) this.#retryAt.delete(retryKey({ sha256, size }))
      this.#offers.set(sha256, this.#offersOf(sha256) + 1)
    }
    this.refresh()
  }

  /** Whether the grand has a blob that is missing here, or gets it now, as far as it told. */
  isOffered(sha256: string): boolean {
    return this.#offers.has(sha256)
  }

  /** Starts what may start. */
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

  /** Up to which entry of the log, at most `cursor`, all bytes are here. */
  watermark(cursor: number): number {
    const first = firstMissingEntry(this.#deps.db)
    return first === undefined ? cursor : Math.max(0, first - 1)
  }

  /** What is missing longest has one of the places: however many small ones come, a large one moves on. */
  #startOldest(): void {
    const oldest = oldestMissing(this.#deps.db, MAX_OLDEST).find((blob) => !this.#isWaiting(blob))
    if (oldest !== undefined && !this.#active.has(oldest.sha256)) this.#start(oldest)
  }

  #isWaiting(blob: BlobRef): boolean {
    return (this.#retryAt.get(retryKey(blob)) ?? 0) > this.#deps.timers.now()
  }

  #start(blob: BlobRef): void {
    const { sha256 } = blob
    // That of this try: by its end there may be another link, on which the blob has not been tried yet.
    const signal = this.#signal
    const offers = this.#offersOf(sha256)
    this.#active.add(sha256)
    void this.#fetch(blob, signal)
      .catch((error: Error) => {
        if (!signal.aborted) this.#deps.logger.warn({ sha256, reason: error.message }, 'a pull failed')
        return false
      })
      .then((done) => {
        this.#active.delete(sha256)
        // Offered again meanwhile, there is something new to try at once.
        if (!signal.aborted && (done || this.#offersOf(sha256) === offers)) {
          this.#offers.delete(sha256)
          if (!done) this.#waitBeforeRetry(blob)
        }
        this.refresh()
      })
  }

  #offersOf(sha256: string): number {
    return this.#offers.get(sha256) ?? 0
  }

  /** Whether there is nothing left to do for a blob. */
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

/** Of two sizes under one hash only the true one can arrive, and neither waits for the other. */
function retryKey({ sha256, size }: BlobRef): string {
  return `${sha256} ${size}`
}
