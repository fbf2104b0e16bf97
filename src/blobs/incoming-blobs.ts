/**
 * Bytes that come from another server, under the hash that they have to have. They are kept while they are not
 * complete, so that a transfer goes on where it broke off, and can be read while they still arrive.
 */
import { join } from 'node:path'
import type { Database } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { query } from '../db/tables.js'
import type { BlobStore } from './blob-store.js'
import { INLINE_BYTES } from './blob-writer.js'
import type { FileSystem } from './file-system.js'
import { IncomingBlob, stagedSize } from './incoming-blob.js'
import { nodeFiles } from './node-files.js'

/** Both servers keep a table of the bytes that they lack. */
const selectMissing = prepare<{ sha256: string }>()((slot) =>
  query.selectFrom('missing').select('sha256').where('sha256', '=', slot('sha256')),
)

/** Somebody else is bringing these bytes. */
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
    for (const name of files.listSync(folder))
      if (!incoming.#isMissing(name)) files.removeSync(join(folder, name))
    return incoming
  }

  /**
   * Begins or goes on with a blob. Dispose of it in any case: what came is kept for the next time.
   * @throws BlobBusy
   */
  async receive(sha256: string, size: number): Promise<IncomingBlob> {
    if (this.#arriving.has(sha256)) throw new BlobBusyError(`${sha256} is arriving already`)
    const blob = new IncomingBlob(this.#files, {
      sha256,
      size,
      path: join(this.#folder, sha256),
      store: (path) => this.#store(sha256, size, path),
      onEnd: () => this.#arriving.delete(sha256),
    })
    // Taken before the first wait, or two could pass the check above.
    this.#arriving.set(sha256, blob)
    try {
      await blob.begin()
      return blob
    } catch (error) {
      await blob[Symbol.asyncDispose]()
      throw error
    }
  }

  /** A blob that is arriving now, to be read along. */
  arriving(sha256: string): IncomingBlob | undefined {
    return this.#arriving.get(sha256)
  }

  /** Bytes of a blob that came so far. */
  async offsetOf(sha256: string): Promise<number> {
    const arriving = this.#arriving.get(sha256)
    if (arriving !== undefined) return arriving.offset
    return stagedSize(this.#files, join(this.#folder, sha256))
  }

  /**
   * Removes parts of bytes that nobody waits for any more, and those that nothing was added to since a time,
   * milliseconds since 1970; returns how many.
   */
  async removeAbandoned(beforeMs: number): Promise<number> {
    let count = 0
    for (const name of await this.#files.list(this.#folder)) {
      const path = join(this.#folder, name)
      const found = await this.#files.stat(path).catch(() => undefined)
      const [sha256 = ''] = name.split('.')
      if (found === undefined || this.#arriving.has(sha256)) continue
      if (this.#isMissing(name) && found.mtimeMs >= beforeMs) continue
      await this.#files.remove(path)
      count += 1
    }
    return count
  }

  #isMissing(sha256: string): boolean {
    return this.#db.get(selectMissing, { sha256 }) !== undefined
  }

  async #store(sha256: string, size: number, path: string): Promise<void> {
    const keep = async (content?: Buffer) =>
      this.#db.write((tx) => {
        const blob = content === undefined ? { sha256, size } : { sha256, size, content }
        this.#blobs.store(tx, blob, new Date(this.#now()))
      })
    if (size <= INLINE_BYTES) {
      await keep(await this.#files.readFile(path))
      await this.#files.remove(path)
      return
    }
    // Under a second name: by the first one it can be read along until it is in the database.
    const placing = `${path}.placing`
    await this.#files.remove(placing)
    await this.#files.link(path, placing)
    {
      await using _placed = await this.#blobs.moveIntoPlace(placing, sha256)
      await keep()
    }
    await this.#files.remove(path)
  }
}
