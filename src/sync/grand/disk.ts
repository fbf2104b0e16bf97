import type { BlobStore } from '../../storage/blobs.js'

/** The disk is asked so often at most. */
const ASK_MS = 200

/** Whether there is room on the disk for more than what has to stay free. */
export class Disk {
  readonly #blobs: BlobStore
  readonly #minFreeBytes: number
  #free = 0
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(blobs: BlobStore, minFreeBytes: number) {
    this.#blobs = blobs
    this.#minFreeBytes = minFreeBytes
  }

  /** Bytes that are free, as of a moment ago. */
  freeBytes(): number {
    if (performance.now() - this.#askedAt > ASK_MS) {
      this.#free = this.#blobs.freeBytes()
      this.#askedAt = performance.now()
    }
    return this.#free
  }

  hasRoomFor(sizeBytes: number): boolean {
    return this.freeBytes() - sizeBytes >= this.#minFreeBytes
  }
}
