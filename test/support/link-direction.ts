import type { Socket } from 'node:net'

/** Bytes of one connection that wait in the line; beyond them the sender is not read from. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** What happens to the bytes that go one way, on all connections together. */
export class LinkDirection {
  readonly #lanes = new Set<Lane>()
  readonly #onCut: () => void
  /** Bytes that have passed so far. */
  passed = 0
  /** Bytes after which everything is cut, one after the other; each counts from the cut before it. */
  cuts: number[] = []
  /** Bytes until one is altered. */
  flipAfter = Number.POSITIVE_INFINITY
  /** Bytes until the connection that brings the next one is ended there, as if it had said all. */
  truncateAfter = Number.POSITIVE_INFINITY
  bytesPerSecond = Number.POSITIVE_INFINITY
  delayMs = 0
  isFrozen = false
  /** When the line has taken all that was put on it, milliseconds of the monotonic clock. */
  freeAt = 0

  /** @param onCut ends every connection */
  constructor(onCut: () => void) {
    this.#onCut = onCut
  }

  /** Carries what one socket says to another. */
  join(from: Socket, to: Socket): void {
    const lane = new Lane(from, to, this)
    this.#lanes.add(lane)
    to.on('close', () => this.#lanes.delete(lane))
  }

  /** Lets everything through again that waits or comes; connections stay. */
  reset(): void {
    this.cuts = []
    this.flipAfter = Number.POSITIVE_INFINITY
    this.truncateAfter = Number.POSITIVE_INFINITY
    this.bytesPerSecond = Number.POSITIVE_INFINITY
    this.delayMs = 0
    this.isFrozen = false
    this.freeAt = 0
    this.wake()
  }

  /** Conditions have changed: whoever waits looks again. */
  wake(): void {
    for (const lane of this.#lanes) lane.go()
  }

  /** Puts bytes on the line; tells whether the connection goes on. */
  put(chunk: Buffer, to: Socket): boolean {
    const end = Math.min(chunk.length, this.cuts[0] ?? chunk.length, this.truncateAfter)
    to.write(this.#flipped(chunk.subarray(0, end)))
    this.passed += end
    this.freeAt = Math.max(performance.now(), this.freeAt) + (end / this.bytesPerSecond) * 1000
    const isTruncated = this.truncateAfter <= end
    this.truncateAfter = isTruncated ? Number.POSITIVE_INFINITY : this.truncateAfter - end
    if (isTruncated) to.end()
    return !this.#cutAt(end) && !isTruncated
  }

  #cutAt(passed: number): boolean {
    const [cut] = this.cuts
    if (cut === undefined) return false
    if (passed < cut) {
      this.cuts[0] = cut - passed
      return false
    }
    this.cuts.shift()
    this.#onCut()
    return true
  }

  #flipped(chunk: Buffer): Buffer {
    const at = this.flipAfter
    this.flipAfter -= chunk.length
    if (at >= chunk.length) return chunk
    this.flipAfter = Number.POSITIVE_INFINITY
    const altered = Buffer.from(chunk)
    altered[at] = (chunk[at] as number) ^ 1
    return altered
  }
}

/** One way of one connection. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #way: LinkDirection
  #waiting: { chunk: Buffer; at: number }[] = []
  #waitingBytes = 0
  #hasEnded = false
  #goesOn = true
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, way: LinkDirection) {
    this.#from = from
    this.#to = to
    this.#way = way
    from.on('data', (chunk: Buffer) => this.#take(chunk))
    from.on('end', () => {
      this.#hasEnded = true
      this.go()
    })
    to.on('drain', () => this.go())
    to.on('close', () => clearTimeout(this.#timer))
  }

  #take(chunk: Buffer): void {
    if (!this.#goesOn) return
    this.#waiting.push({ chunk, at: performance.now() + this.#way.delayMs })
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#from.pause()
    this.go()
  }

  /** Passes on what may pass now. */
  go(): void {
    clearTimeout(this.#timer)
    while (!this.#way.isFrozen && this.#goesOn && !this.#to.destroyed) {
      const [next] = this.#waiting
      if (next === undefined) {
        this.#rest()
        return
      }
      const waitMs = Math.max(next.at, this.#way.freeAt) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.go(), waitMs)
        return
      }
      if (this.#to.writableNeedDrain) return
      this.#waiting.shift()
      this.#waitingBytes -= next.chunk.length
      this.#goesOn = this.#way.put(next.chunk, this.#to)
    }
  }

  #rest(): void {
    this.#from.resume()
    if (this.#hasEnded) this.#to.end()
  }
}
