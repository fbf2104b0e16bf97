import type { Socket } from 'node:net'

/** Bytes queued per connection; above it the sender is paused. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024

/** Delays, throttles or breaks one direction of all connections of a link. */
export class LinkDirection {
  readonly #lanes = new Set<Lane>()
  readonly #onCut: () => void
  /** Bytes forwarded so far. */
  passedBytes = 0
  /** Byte counts after which all connections are cut; each counts from the previous cut. */
  cutsAfterBytes: number[] = []
  /** Bytes to forward before one byte is altered. */
  flipAfterBytes = Number.POSITIVE_INFINITY
  /** Bytes to forward before one connection is closed as if the sender had finished. */
  truncateAfterBytes = Number.POSITIVE_INFINITY
  bytesPerSecond = Number.POSITIVE_INFINITY
  delayMs = 0
  isFrozen = false
  /** The monotonic time in milliseconds at which the throttled link is idle again. */
  freeAtMs = 0

  /** @param onCut closes every connection */
  constructor(onCut: () => void) {
    this.#onCut = onCut
  }

  /** Forwards the bytes of one socket to another. */
  join(from: Socket, to: Socket): void {
    const lane = new Lane(from, to, this)
    this.#lanes.add(lane)
    to.on('close', () => this.#lanes.delete(lane))
  }

  /** Removes all faults; queued bytes are forwarded and connections stay open. */
  reset(): void {
    this.cutsAfterBytes = []
    this.flipAfterBytes = Number.POSITIVE_INFINITY
    this.truncateAfterBytes = Number.POSITIVE_INFINITY
    this.bytesPerSecond = Number.POSITIVE_INFINITY
    this.delayMs = 0
    this.isFrozen = false
    this.freeAtMs = 0
    this.forwardQueued()
  }

  /** Lets every queue apply changed conditions. */
  forwardQueued(): void {
    for (const lane of this.#lanes) lane.forwardQueued()
  }

  /** Forwards a chunk; returns false if this closed the connection. */
  forward(chunk: Buffer, to: Socket): boolean {
    const end = Math.min(chunk.length, this.cutsAfterBytes[0] ?? chunk.length, this.truncateAfterBytes)
    to.write(this.#withFlippedByte(chunk.subarray(0, end)))
    this.passedBytes += end
    this.freeAtMs = Math.max(performance.now(), this.freeAtMs) + (end / this.bytesPerSecond) * 1000
    const isTruncated = this.truncateAfterBytes <= end
    this.truncateAfterBytes = isTruncated ? Number.POSITIVE_INFINITY : this.truncateAfterBytes - end
    if (isTruncated) to.end()
    return !this.#cutIfDue(end) && !isTruncated
  }

  #cutIfDue(passed: number): boolean {
    const [cut] = this.cutsAfterBytes
    if (cut === undefined) return false
    if (passed < cut) {
      this.cutsAfterBytes[0] = cut - passed
      return false
    }
    this.cutsAfterBytes.shift()
    this.#onCut()
    return true
  }

  #withFlippedByte(chunk: Buffer): Buffer {
    const at = this.flipAfterBytes
    this.flipAfterBytes -= chunk.length
    if (at >= chunk.length) return chunk
    this.flipAfterBytes = Number.POSITIVE_INFINITY
    const altered = Buffer.from(chunk)
    altered[at] = (chunk[at] as number) ^ 1
    return altered
  }
}

/** One direction of one connection. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #direction: LinkDirection
  #queue: { chunk: Buffer; at: number }[] = []
  #queuedBytes = 0
  #hasEnded = false
  #isOpen = true
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, direction: LinkDirection) {
    this.#from = from
    this.#to = to
    this.#direction = direction
    from.on('data', (chunk: Buffer) => this.#enqueue(chunk))
    from.on('end', () => {
      this.#hasEnded = true
      this.forwardQueued()
    })
    to.on('drain', () => this.forwardQueued())
    to.on('close', () => clearTimeout(this.#timer))
  }

  #enqueue(chunk: Buffer): void {
    if (!this.#isOpen) return
    this.#queue.push({ chunk, at: performance.now() + this.#direction.delayMs })
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#from.pause()
    this.forwardQueued()
  }

  /** Forwards queued chunks as far as the faults permit. */
  forwardQueued(): void {
    clearTimeout(this.#timer)
    while (!this.#direction.isFrozen && this.#isOpen && !this.#to.destroyed) {
      const [next] = this.#queue
      if (next === undefined) {
        this.#finishQueue()
        return
      }
      const waitMs = Math.max(next.at, this.#direction.freeAtMs) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.forwardQueued(), waitMs)
        return
      }
      if (this.#to.writableNeedDrain) return
      this.#queue.shift()
      this.#queuedBytes -= next.chunk.length
      this.#isOpen = this.#direction.forward(next.chunk, this.#to)
    }
  }

  #finishQueue(): void {
    this.#from.resume()
    if (this.#hasEnded) this.#to.end()
  }
}
