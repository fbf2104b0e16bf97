import { createHash, type Hash } from 'node:crypto'
import type { OpenFile } from './file-system.js'
import { acquireBuffer, releaseBuffer } from './transfer-buffers.js'

const NOTHING = Buffer.alloc(0)

interface SinkOptions {
  /** Where in the file the first chunk goes: after the bytes that `hash` has been given. */
  position?: number
  hash?: Hash
  /**
   * Most writes in flight. With one, chunks wait for its thread and for the event loop; a second one makes large uploads
   * an eighth faster (bench row `upload-large`). Each takes a buffer.
   */
  writes?: number
  /** Told after each write, in their order, how many bytes more are in the file now. */
  onWritten?: (sizeBytes: number) => void
}

/**
 * Appends chunks to a file in large writes, some of which may be under way while the next is gathered. Chunks are copied,
 * so each goes as soon as it is taken, and a write begins and ends where a disk can take it from memory by itself. What is
 * written is hashed, which costs less for many chunks at once.
 */
export class FileSink implements AsyncDisposable {
  readonly #file: OpenFile
  readonly #hash: Hash
  readonly #mostWrites: number
  readonly #onWritten: (sizeBytes: number) => void
  #gathering = acquireBuffer()
  /** Where in the file the gathered bytes will go. */
  #position: number
  #gathered = 0
  /** The writes that are under way, oldest first, each of which ends after those before it. One that fails stays. */
  readonly #writes: Promise<void>[] = []

  /** @param file is closed with the sink */
  constructor(
    file: OpenFile,
    { position = 0, hash = createHash('sha256'), writes = 1, onWritten = () => {} }: SinkOptions = {},
  ) {
    this.#file = file
    this.#position = position
    this.#hash = hash
    this.#mostWrites = writes
    this.#onWritten = onWritten
  }

  /** Takes a chunk; the one after it has to wait for the promise, if there is one. */
  write(chunk: Buffer): Promise<void> | undefined {
    if (this.#gathering === NOTHING) throw new Error('the file is closed')
    for (let at = 0; at < chunk.length; ) {
      if (this.#isFull) {
        const rest = chunk.subarray(at)
        const [oldest] = this.#writes as [Promise<void>]
        return oldest.then(() => this.write(rest))
      }
      at += this.#gather(chunk, at)
      this.#flushFull()
    }
    return undefined
  }

  /** Writes what is gathered, and waits until all is in the file. */
  async drain(): Promise<void> {
    await this.#writes.at(-1)
    this.#flush()
    await this.#writes.at(-1)
  }

  /** The sha256 of all bytes, drained, in hex; asked once. */
  digest(): string {
    return this.#hash.digest('hex')
  }

  /** Makes what is in the file durable. */
  async sync(): Promise<void> {
    await this.#file.datasync()
  }

  /** Lets go of what is gathered and not drained. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#gathered = 0
    // Until then their buffers are in use.
    await Promise.allSettled(this.#writes)
    releaseBuffer(this.#gathering)
    this.#gathering = NOTHING
    await this.#file.close()
  }

  /** Where the gathered bytes end: the first write is shorter if the next one then begins at a whole buffer. */
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
    if (this.#isFull && this.#writes.length < this.#mostWrites) this.#flush()
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
    // Its failure is for whoever waits on it next; until then it must not count as unhandled.
    write.catch(() => undefined)
  }

  /** Writes bytes of a buffer, which it releases. */
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
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes.subarray(at), position + at)
    at += bytesWritten
  }
}
