/**
 * Stores blobs by their sha256: small ones in the database, in the transaction that references them; larger ones as the file
 * blobs/ab/cd/<sha256>. Equal content is stored once.
 *
 * A file is complete and durable before the database refers to it: it is written under tmp/, fsynced, linked to its final
 * path, the folder fsynced, then the transaction commits; the name under tmp/ is removed last. So every file that a crash
 * leaves without a row still has its name under tmp/, and the next start cleans up by listing that folder alone.
 */
import { dirname, join } from 'node:path'
import type { Database, Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'
import { type Random, systemRandom } from '../lib/random.js'
import { isStorageFault } from '../lib/storage-fault.js'
import { unreferencedBlobs } from './blob-refs.js'
import { BlobWriter, type StagedBlob, type StagedContent } from './blob-writer.js'
import { FileSlice } from './file-slice.js'
import type { FileSystem } from './file-system.js'
import { nodeFiles } from './node-files.js'

const selectBlob = prepare<{ sha256: string }>()((slot) =>
  blobQuery.selectFrom('blobs').select(['size', 'content']).where('sha256', '=', slot('sha256')),
)
const selectSize = prepare<{ sha256: string }>()((slot) =>
  blobQuery.selectFrom('blobs').select('size').where('sha256', '=', slot('sha256')),
)
const insertBlob = prepare<{ sha256: string; size: number; stored_at: string; content: Buffer | null }>()(
  (slot) =>
    blobQuery
      .insertInto('blobs')
      .values({
        sha256: slot('sha256'),
        size: slot('size'),
        stored_at: slot('stored_at'),
        content: slot('content'),
      })
      .onConflict((conflict) => conflict.column('sha256').doNothing()),
)
const deleteBlob = prepare<{ sha256: string }>()((slot) =>
  blobQuery.deleteFrom('blobs').where('sha256', '=', slot('sha256')),
)

const selectPage = prepare<{ after: string; limit: number }>()((slot) =>
  blobQuery
    .selectFrom('blobs')
    .select(['sha256', 'size'])
    .where('sha256', '>', slot('after'))
    .orderBy('sha256')
    .limit(slot('limit')),
)

export class BlobStore {
  readonly #db: Database
  readonly #files: FileSystem
  readonly #random: Random
  readonly #blobs: string
  readonly #tmp: string
  /** Counts the pins of blobs whose file is linked but whose row is not committed: their file must not be removed. */
  readonly #pins = new Map<string, number>()

  private constructor(db: Database, dataDir: string, files: FileSystem, random: Random) {
    this.#db = db
    this.#files = files
    this.#random = random
    this.#blobs = join(dataDir, 'blobs')
    this.#tmp = join(dataDir, 'tmp')
  }

  /** Creates missing folders, and removes the files that a crash left under `tmp/`. */
  static open(
    db: Database,
    dataDir: string,
    { files = nodeFiles, random = systemRandom }: { files?: FileSystem; random?: Random } = {},
  ): BlobStore {
    const store = new BlobStore(db, dataDir, files, random)
    files.makeFolderSync(store.#blobs)
    files.makeFolderSync(store.#tmp)
    store.#removeTemporaryFiles()
    return store
  }

  /** Creates a writer for content of unknown size. The caller must dispose of it. */
  writer(): BlobWriter {
    const path = join(this.#tmp, this.#random.id())
    return new BlobWriter(this.#files, path, (path, sha256) => this.moveIntoPlace(path, sha256))
  }

  /** Inserts the row of a staged blob. */
  store(tx: Tx, { sha256, size, content }: StagedBlob, now: Date): void {
    tx.run(insertBlob, { sha256, size, content: content ?? null, stored_at: now.toISOString() })
  }

  /** Returns the content of a small blob; undefined if it is not stored, or is a file. */
  readInline(reader: Reader, sha256: string): Buffer | undefined {
    return reader.get(selectBlob, { sha256 })?.content ?? undefined
  }

  has(reader: Reader, sha256: string): boolean {
    return this.sizeOf(reader, sha256) !== undefined
  }

  /** Returns the size of a stored blob in bytes. */
  sizeOf(reader: Reader, sha256: string): number | undefined {
    return reader.get(selectSize, { sha256 })?.size
  }

  /** Returns at most `limit` blobs in order of their hash, after one of them. */
  selectPage(after: string, limit: number): { sha256: string; size: number }[] {
    return this.#db.all(selectPage, { after, limit })
  }

  /** Removes a corrupt blob. */
  remove(tx: Tx, sha256: string): void {
    tx.run(deleteBlob, { sha256 })
    this.#files.removeSync(this.pathOf(sha256))
  }

  /**
   * Opens the bytes from `start` to `end`, both inclusive; undefined if the blob is not stored. The caller must read or close
   * a FileSlice at once.
   * @param from `disk` bypasses the page cache, for bytes that are unlikely to be read again soon
   * @throws Error if the file cannot be opened
   */
  async slice(
    sha256: string,
    start: number,
    end: number,
    from: 'cache' | 'disk',
  ): Promise<FileSlice | Buffer | undefined> {
    const row = this.#db.get(selectBlob, { sha256 })
    if (row === undefined) return undefined
    if (row.content !== null) return row.content.subarray(start, end + 1)
    const path = this.pathOf(sha256)
    const file = from === 'disk' ? this.#files.openDirect(path, 'r') : this.#files.open(path, 'r')
    return new FileSlice(await file, start, end)
  }

  /** Free bytes on the disk. */
  freeBytes(): number {
    return this.#files.freeBytes(this.#blobs)
  }

  /**
   * Examines `limit` blobs after the hash `after`, and removes those that are unreferenced and were stored before a time.
   * @returns the last blob examined, the number removed and their bytes; undefined when no blobs are left
   */
  async collectGarbage(
    before: string,
    after: string,
    limit: number,
  ): Promise<{ last: string; count: number; freed: number } | undefined> {
    return this.#db.write((tx) => {
      const rows = tx.all(unreferencedBlobs, { before, after, limit })
      let count = 0
      let freed = 0
      for (const { sha256, size, is_file, unreferenced } of rows) {
        if (unreferenced === 0 || this.#pins.has(sha256)) continue
        tx.run(deleteBlob, { sha256 })
        // Within the transaction: after it, the same blob could have been stored again.
        if (is_file) this.#files.removeSync(this.pathOf(sha256))
        count += 1
        freed += size
      }
      const last = rows.at(-1)?.sha256
      return last === undefined ? undefined : { last, count, freed }
    })
  }

  pathOf(sha256: string): string {
    return join(this.#blobs, sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  }

  /**
   * Moves a complete, fsynced file to its final path. The returned pin protects the file until the caller has inserted the
   * row and disposes of the pin; without a row by then, the file is removed.
   */
  async moveIntoPlace(path: string, sha256: string): Promise<StagedContent> {
    this.#pin(sha256, 1)
    const tmpPath = join(this.#tmp, `${sha256}.${this.#random.id()}`)
    const pin = { [Symbol.asyncDispose]: () => this.#release(tmpPath, sha256) }
    try {
      await this.#files.rename(path, tmpPath)
      const final = this.pathOf(sha256)
      const createdFolder = await this.#files.makeFolder(dirname(final))
      await this.#files.link(tmpPath, final).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
      await this.#syncFolder(dirname(final))
      if (createdFolder !== undefined) {
        await this.#syncFolder(dirname(dirname(final)))
        await this.#syncFolder(this.#blobs)
      }
      return pin
    } catch (error) {
      await pin[Symbol.asyncDispose]()
      throw error
    }
  }

  async #release(tmpPath: string, sha256: string): Promise<void> {
    this.#pin(sha256, -1)
    try {
      if (!this.#pins.has(sha256) && !this.has(this.#db, sha256)) this.#removeFile(this.pathOf(sha256))
    } catch (error) {
      // The next start removes it: its name under tmp/ remains.
      if (isStorageFault(error)) return
      throw error
    }
    await this.#files.unlink(tmpPath).catch(() => undefined)
  }

  #pin(sha256: string, by: 1 | -1): void {
    const count = (this.#pins.get(sha256) ?? 0) + by
    if (count === 0) this.#pins.delete(sha256)
    else this.#pins.set(sha256, count)
  }

  #removeTemporaryFiles(): void {
    for (const name of this.#files.listSync(this.#tmp)) {
      const [sha256, id] = name.split('.')
      if (sha256 !== undefined && id !== undefined && !this.has(this.#db, sha256)) {
        this.#files.removeSync(this.pathOf(sha256))
      }
      this.#files.unlinkSync(join(this.#tmp, name))
    }
  }

  async #syncFolder(path: string): Promise<void> {
    await using folder = await this.#files.open(path, 'r')
    await folder.sync()
  }

  /** Removes a file if it exists. ENOTDIR means that its folder could not be created either. */
  #removeFile(path: string): void {
    try {
      this.#files.removeSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
    }
  }
}
