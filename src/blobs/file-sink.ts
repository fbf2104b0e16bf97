import { createHash, type Hash } from 'node:crypto'
import type { OpenFile } from './file-system.js'
import { acquireBuffer, releaseBuffer } from './transfer-buffers.js'

const NOTHING = Buffer.alloc(0)

interface SinkOptions {
  /** File position of the first chunk, after the bytes that `hash` covers already. */
  position?: number
  hash?: Hash
  /**
   * Maximum number of writes in flight, each with a buffer. With one, chunks wait for its thread and the event loop; a second
   * one makes large uploads an eighth faster (bench row `upload-large`).
   */
  maxWrites?: number
  /** Called after each write, in order, with the bytes that it added. */
  onWritten?: (sizeBytes: number) => void
}

/**
 * Appends chunks to a file in large writes, and hashes them. It gathers the next write while others are in flight. It copies
 * chunks, so that their memory is free at once and writes are aligned for `O_DIRECT`. It hashes whole writes, which is faster
 * than hashing each chunk.
 */
export class FileSink implements AsyncDisposable {
  readonly #file: OpenFile
  readonly #hash: Hash
  readonly #maxWrites: number
  readonly #onWritten: (sizeBytes: number) => void
  #gathering = acquireBuffer()
  /** File position of the gathered bytes. */
  #position: number
  #gathered = 0
  /** Writes in flight, oldest first; each resolves after the ones before it. A failed write stays. */
  readonly #writes: Promise<void>[] = []

  /** @param file which the sink closes */
  constructor(
    file: OpenFile,
    { position = 0, hash = createHash('sha256'), maxWrites = 1, onWritten = () => {} }: SinkOptions = {},
  ) {
    this.#file = file
    this.#position = position
    this.#hash = hash
    this.#maxWrites = maxWrites
    this.#onWritten = onWritten
  }

  /** Writes a copy of a chunk. If it returns a promise, the next chunk must wait for it. */
  write(chunk: Buffer): Promise<void> | undefined {
    if (this.#gathering === NOTHING) throw new Error('the file is closed')
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#isFull) {
        const rest = chunk.subarray(offset)
        const [oldest] = this.#writes as [Promise<void>]
        return oldest.then(() => this.write(rest))
      }
      offset += this.#gather(chunk, offset)
      this.#flushFull()
    }
    return undefined
  }

  /** Writes the gathered bytes, and waits for all writes. */
  async drain(): Promise<void> {
    await this.#writes.at(-1)
    this.#flush()
    await this.#writes.at(-1)
  }

  /** The sha256 in hex of all bytes. Call it once, after `drain`. */
  digest(): string {
    return this.#hash.digest('hex')
  }

  /** Makes the written bytes durable. */
  async sync(): Promise<void> {
    await this.#file.datasync()
  }

  /** Discards gathered bytes, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#gathered = 0
    // Writes in flight use their buffers.
    await Promise.allSettled(this.#writes)
    releaseBuffer(this.#gathering)
    this.#gathering = NOTHING
    await this.#file.close()
  }

  /** Size of the next write. The first one is shorter if that aligns the ones after it. */
  get #end(): number {
    const { length } = this.#gathering
    return length - (this.#position % length)
  }

  get #isFull(): boolean {
    return this.#gathered === this.#end
  }

  #gather(chunk: Buffer, from: number): number {
    const taken = chunk.copy(this.#gathering, this.#gathered, from, from + this.#end - this.#gathered)
    this.#gathered += taken
    return taken
  }

  #flushFull(): void {
    if (this.#isFull && this.#writes.length < this.#maxWrites) this.#flush()
  }

  #flush(): void {
    if (this.#gathered === 0) return
    const bytes = this.#gathering.subarray(0, this.#gathered)
    this.#hash.update(bytes)
    const write = this.#write(this.#gathering, bytes, this.#writes.at(-1))
    this.#writes.push(write)
    this.#position += this.#gathered
    this.#gathered = 0
    this.#gathering = acquireBuffer()
    // The next waiter reports the failure; until then it must not count as unhandled.
    write.catch(() => undefined)
  }

  /** Writes bytes of a buffer, and releases the buffer. */
  async #write(buffer: Buffer, bytes: Buffer, before: Promise<void> | undefined): Promise<void> {
    try {
      await writeAll(this.#file, bytes, this.#position)
      await before
      this.#writes.shift()
      this.#onWritten(bytes.length)
      this.#flushFull()
    } finally {
      releaseBuffer(buffer)
    }
  }
}

async function writeAll(file: OpenFile, bytes: Buffer, position: number): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes.subarray(offset), position + offset)
    offset += bytesWritten
  }
}
