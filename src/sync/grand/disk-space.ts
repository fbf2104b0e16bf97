import type { BlobStore } from '../../blobs/blob-store.js'
import type { Timers } from '../../lib/timers.js'

/** The disk is asked so often at most. */
const CACHE_MS = 200

/** Whether there is room on the disk for more than what has to stay free. */
export class DiskSpace {
  readonly #blobs: BlobStore
  readonly #minFreeBytes: number
  readonly #timers: Timers
  #freeBytesRead = 0
  #readAt = Number.NEGATIVE_INFINITY

  constructor(blobs: BlobStore, minFreeBytes: number, timers: Timers) {
    this.#blobs = blobs
    this.#minFreeBytes = minFreeBytes
    this.#timers = timers
  }

  /** Bytes that are free, as of a moment ago. */
  freeBytes(): number {
    const now = this.#timers.now()
    if (now - this.#readAt > CACHE_MS) {
      this.#freeBytesRead = this.#blobs.freeBytes()
      this.#readAt = now
    }
    return this.#freeBytesRead
  }

  hasRoomFor(sizeBytes: number): boolean {
    return this.freeBytes() - sizeBytes >= this.#minFreeBytes
  }
}
