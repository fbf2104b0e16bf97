import { hash } from 'node:crypto'
import { FileSink } from './file-sink.js'
import type { FileSystem } from './file-system.js'

/** A complete blob: in memory if it is small, else durable at its final path. */
export interface StagedBlob {
  sha256: string
  size: number
  content?: Buffer
}

/** Pins a complete file at its final path. Dispose of it after the row is committed, or will not be. */
export type StagedContent = AsyncDisposable

/** Largest blob that is stored in the database; larger ones are files. */
export const INLINE_BYTES = 64 * 1024

/** Hashes content as it arrives, and writes it to a file once it exceeds INLINE_BYTES. */
export class BlobWriter implements AsyncDisposable {
  readonly #files: FileSystem
  readonly #path: string
  readonly #place: (path: string, sha256: string) => Promise<StagedContent>
  #size = 0
  #chunks: Buffer[] = []
  #file: { path: string; sink: FileSink } | undefined
  #staged: StagedContent | undefined

  /**
   * @param path of the file, if the blob needs one
   * @param place moves a complete, durable file to its final path
   */
  constructor(
    files: FileSystem,
    path: string,
    place: (path: string, sha256: string) => Promise<StagedContent>,
  ) {
    this.#files = files
    this.#path = path
    this.#place = place
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size
  }

  /**
   * Writes a chunk, which must not change until `finish` resolves. If it returns a promise, the next chunk must wait for it.
   */
  write(chunk: Buffer): Promise<void> | undefined {
    this.#size += chunk.length
    if (this.#file !== undefined) return this.#file.sink.write(chunk)
    this.#chunks.push(chunk)
    return this.#size > INLINE_BYTES ? this.#spill() : undefined
  }

  /** Completes the blob; a file is durable and at its final path afterwards. */
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

  /** Removes temporary files, and a file without a row. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#staged?.[Symbol.asyncDispose]()
    if (this.#file === undefined) return
    await this.#file.sink[Symbol.asyncDispose]().catch(() => undefined)
    await this.#files.unlink(this.#file.path).catch(() => undefined)
  }

  async #spill(): Promise<void> {
    const path = this.#path
    this.#file = { path, sink: new FileSink(await this.#files.openDirect(path, 'wx'), { maxWrites: 2 }) }
    for (const chunk of this.#chunks.splice(0)) await this.#file.sink.write(chunk)
  }
}
