import { createHash, type Hash } from 'node:crypto'
import type { ChunkSink } from '../lib/byte-source.js'
import { FileSink } from './file-sink.js'
import { copyBytes, FileSlice } from './file-slice.js'
import type { FileSystem } from './file-system.js'

/** The bytes that came are not those of the hash; they are gone again. */
export class CorruptBlobError extends Error {}

interface IncomingBlobDeps {
  sha256: string
  size: number
  path: string
  store: (path: string) => Promise<void>
  onEnd: () => void
}

type State = 'arriving' | 'verified' | 'complete' | 'broken'

/** One blob that comes from another server: written, hashed and counted as it comes, read along, verified at its end. */
export class IncomingBlob implements AsyncDisposable {
  readonly #files: FileSystem
  readonly #deps: IncomingBlobDeps
  #sink: FileSink | undefined
  #offset = 0
  /** Bytes that are in the file and can be read. */
  #written = 0
  #state: State = 'arriving'
  #changed = Promise.withResolvers<void>()

  constructor(files: FileSystem, options: IncomingBlobDeps) {
    this.#files = files
    this.#deps = options
  }

  get size(): number {
    return this.#deps.size
  }

  /** Bytes that came so far: the next one to bring. */
  get offset(): number {
    return this.#offset
  }

  /** Takes up what came before. Only for IncomingBlobs. */
  async begin(): Promise<void> {
    const { path, size } = this.#deps
    const kept = await stagedBytes(this.#files, path)
    if (kept > size) await this.#files.remove(path)
    const hash = createHash('sha256')
    if (kept > 0 && kept <= size) await this.#resume(kept, hash)
    const file = await this.#files.openDirect(path, 'rw')
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
   * Takes the next chunk, and copies it; the one after it has to wait for the promise, if there is one.
   * @throws CorruptBlob when more comes than the blob has
   */
  write(chunk: Buffer): Promise<void> | undefined {
    if (this.#offset + chunk.length > this.size) return this.#fail('more bytes than the blob has')
    this.#offset += chunk.length
    return this.#sink?.write(chunk)
  }

  /**
   * Verifies the bytes, makes them durable and names them in the database.
   * @throws CorruptBlob
   */
  async finish(): Promise<void> {
    const { sha256, path, store } = this.#deps
    if (this.#offset !== this.size) throw new Error(`only ${this.#offset} of ${this.size} bytes came`)
    await this.#sink?.drain()
    if (this.#sink?.digest() !== sha256) return this.#fail('other bytes than those of the hash')
    this.#state = 'verified'
    this.#wakeFollowers()
    await this.#sink?.sync()
    await this.#close()
    await store(path)
    this.#state = 'complete'
  }

  /**
   * Hands out the bytes from `start` to `end`, both inclusive, as they come. The last byte of the range is handed out
   * only when the whole blob is verified, so nobody takes wrong bytes for all of them.
   * @throws Error when the blob breaks off, and what `take` throws
   */
  async follow(start: number, end: number, take: ChunkSink): Promise<void> {
    // Held open: the file loses its name when it is complete.
    await using file = await this.#files.openDirect(this.#deps.path, 'r')
    for (let at = start; at <= end; ) {
      const ready = this.#ready(end)
      if (ready > at) {
        await copyBytes(file, at, ready - 1, take)
        at = ready
      } else if (this.#state === 'broken') {
        throw new Error('the bytes stopped arriving')
      } else {
        await this.#changed.promise
      }
    }
  }

  /** Ends the writing. What came is kept unless it was wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'arriving') {
      await this.#sink?.drain().catch(() => undefined)
      this.#state = 'broken'
    }
    await this.#close()
    this.#deps.onEnd()
    this.#wakeFollowers()
  }

  /** The place up to which a reader of bytes until `end` may read. */
  #ready(end: number): number {
    const verified = this.#state === 'verified' || this.#state === 'complete'
    return verified ? end + 1 : Math.min(this.#written, end)
  }

  /** @throws CorruptBlob */
  async #fail(reason: string): Promise<never> {
    this.#state = 'broken'
    await this.#close()
    await this.#files.remove(this.#deps.path)
    this.#wakeFollowers()
    throw new CorruptBlobError(`${this.#deps.sha256}: ${reason}`)
  }

  /** Goes on after bytes that came before. */
  async #resume(kept: number, hash: Hash): Promise<void> {
    const before = new FileSlice(await this.#files.openDirect(this.#deps.path, 'r'), 0, kept - 1)
    await before.copy((chunk) => void hash.update(chunk))
    this.#offset = kept
    this.#written = kept
  }

  async #close(): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    await sink?.[Symbol.asyncDispose]().catch(() => undefined)
  }

  #wakeFollowers(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers<void>()
    resolve()
  }
}

/** Bytes of a blob that came so far, as far as they are in its file. */
export async function stagedBytes(files: FileSystem, path: string): Promise<number> {
  return (await files.stat(path).catch(() => undefined))?.size ?? 0
}
