import { hash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { FileSink } from './file-sink.js'
import type { FileSystem } from './file-system.js'

/** Complete bytes: in memory when small, else already durable in their place. */
export interface StagedBlob {
  sha256: string
  size: number
  content?: Buffer
}

/** A complete file in its place under the blobs; dispose of it once the database names it, or will not. */
export type StagedContent = AsyncDisposable

/** Bytes that fit into the database; larger blobs are files. */
export const INLINE_BYTES = 64 * 1024

/** Hashes bytes while they arrive and writes what is too large for the database to a file. */
export class BlobWriter implements AsyncDisposable {
  readonly #files: FileSystem
  readonly #folder: string
  readonly #place: (path: string, sha256: string) => Promise<StagedContent>
  #size = 0
  #chunks: Buffer[] = []
  #file: { path: string; sink: FileSink } | undefined
  #staged: StagedContent | undefined

  /** @param place gives a complete, durable file its place under its hash */
  constructor(
    files: FileSystem,
    folder: string,
    place: (path: string, sha256: string) => Promise<StagedContent>,
  ) {
    this.#files = files
    this.#folder = folder
    this.#place = place
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size
  }

  /**
   * Takes a chunk, which must not change until all is finished; the one after it has to wait for the promise, if there is
   * one.
   */
  write(chunk: Buffer): Promise<void> | undefined {
    this.#size += chunk.length
    if (this.#file !== undefined) return this.#file.sink.write(chunk)
    this.#chunks.push(chunk)
    return this.#size > INLINE_BYTES ? this.#spill() : undefined
  }

  /** Makes the bytes durable where they are a file, and gives their hash. */
  async finish(): Promise<StagedBlob> {
    if (this.#file === undefined) {
      const content = Buffer.concat(this.#chunks)
      return { sha256: hash('sha256', content), size: this.#size, content }
    }
    const { path, sink } = this.#file
    await sink.drain()
    const sha256 = sink.digest()
    await sink.sync()
    await sink[Symbol.asyncDispose]()
    this.#file = undefined
    this.#staged = await this.#place(path, sha256)
    return { sha256, size: this.#size }
  }

  /** Leaves no temporary file; bytes that the database does not name by now go with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#staged?.[Symbol.asyncDispose]()
    if (this.#file === undefined) return
    await this.#file.sink[Symbol.asyncDispose]().catch(() => undefined)
    await this.#files.unlink(this.#file.path).catch(() => undefined)
  }

  async #spill(): Promise<void> {
    const path = join(this.#folder, randomUUID())
    this.#file = { path, sink: new FileSink(await this.#files.openDirect(path, 'wx'), { writes: 2 }) }
    for (const chunk of this.#chunks.splice(0)) await this.#file.sink.write(chunk)
  }
}
