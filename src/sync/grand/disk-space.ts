import type { BlobStore } from '../../blobs/blob-store.js'
import type { Timers } from '../../lib/timers.js'

/** How long a reading is reused. */
const CACHE_MS = 200

/** Checks the free disk space against the configured minimum. */
export class DiskSpace {
  readonly #blobs: BlobStore
  readonly #minFreeBytes: number
  readonly #timers: Timers
  #cachedFreeBytes = 0
  #readAt = Number.NEGATIVE_INFINITY

  constructor(blobs: BlobStore, minFreeBytes: number, timers: Timers) {
    this.#blobs = blobs
    this.#minFreeBytes = minFreeBytes
    this.#timers = timers
  }

  /** Free bytes, at most `CACHE_MS` old. */
  freeBytes(): number {
    const now = this.#timers.now()
    if (now - this.#readAt > CACHE_MS) {
      this.#cachedFreeBytes = this.#blobs.freeBytes()
      this.#readAt = now
    }
    return this.#cachedFreeBytes
  }

  hasRoomFor(sizeBytes: number): boolean {
    return this.freeBytes() - sizeBytes >= this.#minFreeBytes
  }
}
