import type { BlobStore } from '../../blobs/blob-store.js'
import type { Timers } from '../../lib/timers.js'

/** How long a reading is reused. */
const CACHE_MS = 200

export interface DiskSpaceDeps {
  blobs: BlobStore
  minFreeBytes: number
  timers: Timers
}

/** Checks the free disk space against the configured minimum. */
export class DiskSpace {
  readonly #deps: DiskSpaceDeps
  #cachedFreeBytes = 0
  #readAt = Number.NEGATIVE_INFINITY

  constructor(deps: DiskSpaceDeps) {
    this.#deps = deps
  }

  /** Free bytes, at most `CACHE_MS` old. */
  freeBytes(): number {
    const { blobs, timers } = this.#deps
    const now = timers.now()
    if (now - this.#readAt > CACHE_MS) {
      this.#cachedFreeBytes = blobs.freeBytes()
      this.#readAt = now
    }
    return this.#cachedFreeBytes
  }

  hasRoomFor(sizeBytes: number): boolean {
    return this.freeBytes() - sizeBytes >= this.#deps.minFreeBytes
  }
}
