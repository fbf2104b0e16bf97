import { createHash, type Hash } from 'node:crypto'
import type { ChunkSink } from '../lib/byte-source.js'
import { FileSink } from './file-sink.js'
import { copyBytes, FileSlice } from './file-slice.js'
import type { FileSystem } from './file-system.js'

/** The received bytes do not match the hash; they are discarded. */
export class CorruptBlobError extends Error {}

interface IncomingBlobDeps {
  files: FileSystem
  sha256: string
  size: number
  path: string
  store: (path: string) => Promise<void>
  onEnd: () => void
}

type State = 'arriving' | 'verified' | 'complete' | 'broken'

/** A blob that arrives from another server: written and hashed as it arrives, readable meanwhile, verified at its end. */
export class IncomingBlob implements AsyncDisposable {
  readonly #deps: IncomingBlobDeps
  #sink: FileSink | undefined
  #offset = 0
  /** Bytes in the file, which can be read. */
  #written = 0
  #state: State = 'arriving'
  #progressed = Promise.withResolvers<void>()

  constructor(deps: IncomingBlobDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#deps.size
  }

  /** Bytes received so far, which is the offset of the next one. */
  get offset(): number {
    return this.#offset
  }

  /** Resumes after the bytes of an earlier transfer. Only for IncomingBlobs. */
  async begin(): Promise<void> {
    const { path, size } = this.#deps
    const stagedBytes = await stagedSize(this.#deps.files, path)
    if (stagedBytes > size) await this.#deps.files.remove(path)
    const hash = createHash('sha256')
    if (stagedBytes > 0 && stagedBytes <= size) await this.#resume(stagedBytes, hash)
    const file = await this.#deps.files.openDirect(path, 'rw')
    this.#sink = new FileSink(file, {
      position: this.#offset,
      hash,
      onWritten: (sizeBytes) => {
        this.#written += sizeBytes
        this.#wakeFollowers()
      },
    })
  }

  /**
   * Writes a copy of the next chunk. If it returns a promise, the chunk after it must wait for that.
   * @throws CorruptBlobError if there are more bytes than the blob has
   */
  write(chunk: Buffer): Promise<void> | undefined {
    if (this.#offset + chunk.length > this.size) return this.#fail('more bytes than its size')
    this.#offset += chunk.length
    return this.#sink?.write(chunk)
  }

  /**
   * Verifies the blob, makes it durable and inserts its row.
   * @throws CorruptBlobError on a hash mismatch
   */
  async finish(): Promise<void> {
    const { sha256, path, store } = this.#deps
    if (this.#offset !== this.size) throw new Error(`only ${this.#offset} of ${this.size} bytes arrived`)
    await this.#sink?.drain()
    if (this.#sink?.digest() !== sha256) return this.#fail('hash mismatch')
    this.#state = 'verified'
    this.#wakeFollowers()
    await this.#sink?.sync()
    await this.#close()
    await store(path)
    this.#state = 'complete'
  }

  /**
   * Reads the bytes from `start` to `end`, both inclusive, as they arrive. The last byte of the range follows only after the
   * whole blob is verified, so a reader never takes corrupt bytes for complete.
   * @throws Error if the transfer breaks off, and what `take` throws
   */
  async follow(start: number, end: number, take: ChunkSink): Promise<void> {
    // Kept open: a complete blob's file loses this name.
    await using file = await this.#deps.files.openDirect(this.#deps.path, 'r')
    for (let position = start; position <= end; ) {
      const readable = this.#readableEnd(end)
      if (readable > position) {
        await copyBytes(file, position, readable - 1, take)
        position = readable
      } else if (this.#state === 'broken') {
        throw new Error('the transfer broke off')
      } else {
        await this.#progressed.promise
      }
    }
  }

  /** Ends the transfer. An incomplete blob is kept for the next one. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'arriving') {
      await this.#sink?.drain().catch(() => undefined)
      this.#state = 'broken'
    }
    await this.#close()
    this.#deps.onEnd()
    this.#wakeFollowers()
  }

  /** Returns the position up to which a reader of a range that ends at `end` may read. */
  #readableEnd(end: number): number {
    const verified = this.#state === 'verified' || this.#state === 'complete'
    return verified ? end + 1 : Math.min(this.#written, end)
  }

  /** @throws CorruptBlobError */
  async #fail(reason: string): Promise<never> {
    this.#state = 'broken'
    await this.#close()
    await this.#deps.files.remove(this.#deps.path)
    this.#wakeFollowers()
    throw new CorruptBlobError(`${this.#deps.sha256}: ${reason}`)
  }

  async #resume(stagedBytes: number, hash: Hash): Promise<void> {
    const before = new FileSlice(await this.#deps.files.openDirect(this.#deps.path, 'r'), 0, stagedBytes - 1)
    await before.copy((chunk) => void hash.update(chunk))
    this.#offset = stagedBytes
    this.#written = stagedBytes
  }

  async #close(): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    await sink?.[Symbol.asyncDispose]().catch(() => undefined)
  }

  #wakeFollowers(): void {
    const { resolve } = this.#progressed
    this.#progressed = Promise.withResolvers<void>()
    resolve()
  }
}

/** Returns the bytes of an incomplete blob in its file; 0 without a file. */
export async function stagedSize(files: FileSystem, path: string): Promise<number> {
  return (await files.stat(path).catch(() => undefined))?.size ?? 0
}
