import { createHash, type Hash } from 'node:crypto'
import type { ChunkSink } from '../lib/byte-source.js'
import { FileSink } from './file-sink.js'
import { copyBytes, FileSlice } from './file-slice.js'
import type { FileSystem, OpenFile } from './file-system.js'
import { hasSpareBuffers, type SharedBytes } from './transfer-buffers.js'

/** The bytes that came are not those of the hash; they are gone again. */
export class CorruptBlobError extends Error {}

/** So many of the last writes stay in memory for who follows, as long as there are buffers for it. */
const MAX_RECENT = 8

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
  #followers = 0
  /** The last of them, still in memory while somebody follows. */
  readonly #recent: SharedBytes[] = []
  #state: State = 'arriving'
  #progressed = Promise.withResolvers<void>()

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
    const stagedBytes = await stagedSize(this.#files, path)
    if (stagedBytes > size) await this.#files.remove(path)
    const hash = createHash('sha256')
    if (stagedBytes > 0 && stagedBytes <= size) await this.#resume(stagedBytes, hash)
    const file = await this.#files.openDirect(path, 'rw')
    this.#sink = new FileSink(file, {
      position: this.#offset,
      hash,
      onWritten: (written) => this.#noteWritten(written),
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
    this.#followers += 1
    try {
      for (let at = start; at <= end; ) {
        const readableEnd = this.#ready(end)
        if (readableEnd > at) {
          at =
            (await this.#sendRecent(at, readableEnd, take)) ??
            (await sendWritten(file, at, readableEnd, take))
        } else if (this.#state === 'broken') {
          throw new Error('the bytes stopped arriving')
        } else {
          await this.#progressed.promise
        }
      }
    } finally {
      this.#followers -= 1
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

  #noteWritten(written: SharedBytes): void {
    this.#written += written.bytes.length
    this.#recent.push(written.use())
    this.#dropRecent(this.#followers > 0 && hasSpareBuffers() ? MAX_RECENT : 0)
    this.#wakeFollowers()
  }

  /**
   * Gives bytes before `ready` if they are still in memory: who keeps up with their arrival does not wait for the disk.
   * @returns what comes after them, or undefined
   */
  async #sendRecent(at: number, ready: number, take: ChunkSink): Promise<number | undefined> {
    let begin = this.#written
    const found = this.#recent.findLast(({ bytes }) => {
      begin -= bytes.length
      return begin <= at
    })
    if (found === undefined) return undefined
    const recent = found.use()
    try {
      const chunk = recent.bytes.subarray(at - begin, ready - begin)
      await take(chunk)
      return at + chunk.length
    } finally {
      recent.release()
    }
  }

  /** Keeps so many of the last bytes in memory. */
  #dropRecent(maxCount: number): void {
    while (this.#recent.length > maxCount) this.#recent.shift()?.release()
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
  async #resume(stagedBytes: number, hash: Hash): Promise<void> {
    const before = new FileSlice(await this.#files.openDirect(this.#deps.path, 'r'), 0, stagedBytes - 1)
    await before.copy((chunk) => void hash.update(chunk))
    this.#offset = stagedBytes
    this.#written = stagedBytes
  }

  async #close(): Promise<void> {
    this.#dropRecent(0)
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

/** Gives all bytes before `ready` that are in the file. @returns what comes after them */
async function sendWritten(file: OpenFile, at: number, ready: number, take: ChunkSink): Promise<number> {
  await copyBytes(file, at, ready - 1, take)
  return ready
}

/** Bytes of a blob that came so far, as far as they are in its file. */
export async function stagedSize(files: FileSystem, path: string): Promise<number> {
  return (await files.stat(path).catch(() => undefined))?.size ?? 0
}
