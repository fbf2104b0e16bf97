import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database } from '../../db/engine/database.js'
import { readOutbox } from '../../db/regional/outbox.js'
import { blobOf, type Change, stampsOf } from '../../model/change.js'
import { later, ZERO_STAMP } from '../../model/clock.js'
import { BATCH_BYTES, type Blob, encodeChange, MAX_BATCH_CHANGES } from '../protocol.js'

/** Most changes in memory: those in flight and the next ones. */
const MAX_LENGTH = 8 * MAX_BATCH_CHANGES

/** Changes to send together, with the small blobs that they reference. */
export interface Batch {
  changes: string[]
  blobs: Blob[]
  /** `oseq` of the last change in it. */
  last: number
}

export interface OutboxQueueDeps {
  db: Database
  blobs: BlobStore
}

/**
 * The send queue: a bounded in-memory window on the outbox table. It is filled by position, so every queued change is in
 * the outbox, and changes that do not fit are read later.
 */
export class OutboxQueue {
  readonly #deps: OutboxQueueDeps
  #window: Change[] = []
  #unsent = 0
  #loadedOseq = 0
  /** Whether the outbox may contain changes that are not loaded. */
  #hasMore = false
  #loggedClock = ZERO_STAMP

  constructor(deps: OutboxQueueDeps) {
    this.#deps = deps
  }

  /** Changes in the queue, including those in flight. */
  get length(): number {
    return this.#window.length
  }

  /** The highest stamp acknowledged by the grand since the last reset. */
  get loggedClock(): string {
    return this.#loggedClock
  }

  /** Starts over after the last change that the grand has. @param oseq its number, 0 for none */
  reset(oseq: number): void {
    this.#window = []
    this.#unsent = 0
    this.#loadedOseq = oseq
    this.#loggedClock = ZERO_STAMP
    for (let after = 0; after < oseq; ) {
      const logged = readOutbox(this.#deps.db, after, MAX_BATCH_CHANGES).filter(
        (change) => change.oseq <= oseq,
      )
      this.#noteLogged(logged)
      after = logged.length < MAX_BATCH_CHANGES ? oseq : (logged.at(-1) as Change).oseq
    }
    this.fill()
  }

  /** Loads the next changes of the outbox, as far as there is room. */
  fill(): void {
    const room = Math.min(MAX_BATCH_CHANGES, MAX_LENGTH - this.#window.length)
    const rows = room === 0 ? [] : readOutbox(this.#deps.db, this.#loadedOseq, room)
    this.#window.push(...rows)
    this.#loadedOseq = rows.at(-1)?.oseq ?? this.#loadedOseq
    this.#hasMore = rows.length === room
  }

  /** Takes the next unsent batch; undefined if there is none. */
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

  /** Removes the changes up to `oseq`. */
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
    const bytes = sha256 && this.#deps.blobs.readInline(this.#deps.db, sha256)
    return sha256 && bytes ? { sha256, bytes } : undefined
  }
}
