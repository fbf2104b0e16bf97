/**
 * Blobs that arrive from another server, by their expected hash. Incomplete blobs are kept, so that a transfer resumes where
 * it broke off, and can be read while they arrive.
 */
import { join } from 'node:path'
import type { Database } from '../db/engine/database.js'
import type { BlobStore } from './blob-store.js'
import { INLINE_BYTES } from './blob-writer.js'
import type { FileSystem } from './file-system.js'
import { IncomingBlob, stagedSize } from './incoming-blob.js'
import { isMissing } from './missing-blobs.js'
import { nodeFiles } from './node-files.js'

/** Another transfer of this blob is in progress. */
export class BlobBusyError extends Error {}

export class IncomingBlobs {
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #folder: string
  readonly #files: FileSystem
  readonly #now: () => number
  readonly #arriving = new Map<string, IncomingBlob>()

  private constructor(db: Database, blobs: BlobStore, folder: string, files: FileSystem, now: () => number) {
    this.#db = db
    this.#blobs = blobs
    this.#folder = folder
    this.#files = files
    this.#now = now
  }

  /** Creates the folder if it is missing, and removes partial blobs that no row references any more. */
  static open(
    db: Database,
    blobs: BlobStore,
    dataDir: string,
    { files = nodeFiles, now = Date.now }: { files?: FileSystem; now?: () => number } = {},
  ): IncomingBlobs {
    const folder = join(dataDir, 'incoming')
    const incoming = new IncomingBlobs(db, blobs, folder, files, now)
    files.makeFolderSync(folder)
    for (const name of files.listSync(folder)) if (!isMissing(db, name)) files.removeSync(join(folder, name))
    return incoming
  }

  /**
   * Starts or resumes the transfer of a blob. The caller must dispose of it; an incomplete blob is kept for the next transfer.
   * @throws BlobBusyError
   */
  async receive(sha256: string, size: number): Promise<IncomingBlob> {
    if (this.#arriving.has(sha256)) throw new BlobBusyError(`${sha256} is arriving already`)
    const blob = new IncomingBlob({
      files: this.#files,
      sha256,
      size,
      path: join(this.#folder, sha256),
      store: (path) => this.#store(sha256, size, path),
      onEnd: () => this.#arriving.delete(sha256),
    })
    // Set before the first await, or two calls could pass the check above.
    this.#arriving.set(sha256, blob)
    try {
      await blob.begin()
      return blob
    } catch (error) {
      await blob[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Returns a blob whose transfer is in progress. */
  arriving(sha256: string): IncomingBlob | undefined {
    return this.#arriving.get(sha256)
  }

  /** Returns the bytes of a blob received so far. */
  async offsetOf(sha256: string): Promise<number> {
    const arriving = this.#arriving.get(sha256)
    if (arriving !== undefined) return arriving.offset
    return stagedSize(this.#files, join(this.#folder, sha256))
  }

  /**
   * Removes incomplete blobs that are not missing any more, or that were last written before a time (milliseconds since
   * 1970). @returns how many
   */
  async removeAbandoned(beforeMs: number): Promise<number> {
    let count = 0
    for (const name of await this.#files.list(this.#folder)) {
      const path = join(this.#folder, name)
      const found = await this.#files.stat(path).catch(() => undefined)
      const [sha256 = ''] = name.split('.')
      if (found === undefined || this.#arriving.has(sha256)) continue
      if (isMissing(this.#db, name) && found.mtimeMs >= beforeMs) continue
      await this.#files.remove(path)
      count += 1
    }
    return count
  }

  async #store(sha256: string, size: number, path: string): Promise<void> {
    const storeRow = async (content?: Buffer) =>
      this.#db.write((tx) => {
        const blob = content === undefined ? { sha256, size } : { sha256, size, content }
        this.#blobs.store(tx, blob, new Date(this.#now()))
      })
    if (size <= INLINE_BYTES) {
      await storeRow(await this.#files.readFile(path))
      await this.#files.remove(path)
      return
    }
    // Moves a second name: followers read by the first one until the row is committed.
    const secondPath = `${path}.placing`
    await this.#files.remove(secondPath)
    await this.#files.link(path, secondPath)
    {
      await using _pin = await this.#blobs.moveIntoPlace(secondPath, sha256)
      await storeRow()
    }
    await this.#files.remove(path)
  }
}
