import type { BlobStore } from '../../blobs/blob-store.js'
import type { Timers } from '../../lib/timers.js'

/** The disk is asked so often at most. */
const ASK_MS = 200

/** Whether there is room on the disk for more than what has to stay free. */
export class Disk {
  readonly #blobs: BlobStore
  readonly #minFreeBytes: number
  readonly #timers: Timers
  #free = 0
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(blobs: BlobStore, minFreeBytes: number, timers: Timers) {
    this.#blobs = blobs
    this.#minFreeBytes = minFreeBytes
    this.#timers = timers
  }

  /** Bytes that are free, as of a moment ago. */
  freeBytes(): number {
    const now = this.#timers.now()
    if (now - this.#askedAt > ASK_MS) {
      this.#free = this.#blobs.freeBytes()
      this.#askedAt = now
    }
    return this.#free
  }

  hasRoomFor(sizeBytes: number): boolean {
    return this.freeBytes() - sizeBytes >= this.#minFreeBytes
  }
}
