import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database } from '../../db/engine/database.js'
import { readOutbox } from '../../db/regional/outbox.js'
import { blobOf, type Change, stampsOf } from '../../model/change.js'
import { later, ZERO_STAMP } from '../../model/clock.js'
import { BATCH_BYTES, type Blob, encodeChange, MAX_BATCH_CHANGES } from '../protocol.js'

/** Changes in memory at most: those under way, and some that wait behind them. */
const MAX_LENGTH = 8 * MAX_BATCH_CHANGES

/** Changes to send together, with the small blobs that they name. */
export interface Batch {
  changes: string[]
  blobs: Blob[]
  /** `oseq` of the last change in it. */
  last: number
}

/**
 * The in-memory queue: a bounded window on the outbox. It is filled by position, so nothing can be in the queue and not
 * in the outbox, and an overflow needs no care.
 */
export class OutboxQueue {
  readonly #db: Database
  readonly #blobs: BlobStore
  #window: Change[] = []
  #unsent = 0
  #loadedOseq = 0
  /** Whether the outbox may have more than was taken in. */
  #hasMore = false
  #loggedClock = ZERO_STAMP

  constructor(db: Database, blobs: BlobStore) {
    this.#db = db
    this.#blobs = blobs
  }

  /** Changes in the queue, those under way included. */
  get length(): number {
    return this.#window.length
  }

  /** The highest stamp in what the grand has acknowledged since the last reset. */
  get loggedClock(): string {
    return this.#loggedClock
  }

  /** Begins behind what the grand has: with what the outbox has more. */
  reset(oseq: number): void {
    this.#window = []
    this.#unsent = 0
    this.#loadedOseq = oseq
    this.#loggedClock = ZERO_STAMP
    for (let after = 0; after < oseq; ) {
      const known = readOutbox(this.#db, after, MAX_BATCH_CHANGES).filter((change) => change.oseq <= oseq)
      this.#noteLogged(known)
      after = known.length < MAX_BATCH_CHANGES ? oseq : (known.at(-1) as Change).oseq
    }
    this.fill()
  }

  /** Takes in some of what the outbox has more, as far as there is room. */
  fill(): void {
    const room = Math.min(MAX_BATCH_CHANGES, MAX_LENGTH - this.#window.length)
    const rows = room === 0 ? [] : readOutbox(this.#db, this.#loadedOseq, room)
    this.#window.push(...rows)
    this.#loadedOseq = rows.at(-1)?.oseq ?? this.#loadedOseq
    this.#hasMore = rows.length === room
  }

  /** The next batch of the queue that was not sent yet; undefined when there is none. */
  take(): Batch | undefined {
    if (this.#hasMore && this.#window.length - this.#unsent < MAX_BATCH_CHANGES) this.fill()
    const changes: string[] = []
    const blobs = new Map<string, Blob>()
    let bytes = 0
    let last: number | undefined
    for (const change of this.#window.slice(this.#unsent, this.#unsent + MAX_BATCH_CHANGES)) {
      const text = encodeChange(change)
      const blob = this.#smallBlob(change)
      bytes += Buffer.byteLength(text) + (blob?.bytes.length ?? 0)
      if (last !== undefined && bytes > BATCH_BYTES) break
      changes.push(text)
      if (blob !== undefined) blobs.set(blob.sha256, blob)
      last = change.oseq
      this.#unsent += 1
    }
    return last === undefined ? undefined : { changes, blobs: [...blobs.values()], last }
  }

  /** Lets go of everything up to a change, which makes room for others. */
  acknowledge(oseq: number): void {
    const count = this.#window.filter((change) => change.oseq <= oseq).length
    this.#noteLogged(this.#window.splice(0, count))
    this.#unsent = Math.max(0, this.#unsent - count)
  }

  #noteLogged(changes: Change[]): void {
    for (const change of changes) this.#loggedClock = stampsOf(change).reduce(later, this.#loggedClock)
  }

  #smallBlob(change: Change): Blob | undefined {
    const sha256 = blobOf(change)?.sha256
    const bytes = sha256 && this.#blobs.readInline(this.#db, sha256)
    return sha256 && bytes ? { sha256, bytes } : undefined
  }
}
