/**
 * Bytes by their sha256: small ones in the database, in the transaction that names them; larger ones as the file
 * blobs/ab/cd/<sha256>. The same bytes are stored once.
 *
 * A file is complete and durable before the database names it: written under tmp/, fsynced, linked to its place, the
 * folder fsynced, then the transaction; the name under tmp/ goes last. So whatever a crash leaves unnamed still has
 * its name under tmp/, and is swept at the next start without looking anywhere else.
 */
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Database, Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'
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
const insert = prepare<{ sha256: string; size: number; stored_at: string; content: Buffer | null }>()(
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
const remove = prepare<{ sha256: string }>()((slot) =>
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
  readonly #blobs: string
  readonly #tmp: string
  /** Blobs between their place on the disk and their row: nobody may remove the file meanwhile. */
  readonly #pins = new Map<string, number>()

  private constructor(db: Database, dataDir: string, files: FileSystem) {
    this.#db = db
    this.#files = files
    this.#blobs = join(dataDir, 'blobs')
    this.#tmp = join(dataDir, 'tmp')
  }

  /** Creates missing folders, and removes the files that a crash left under `tmp/`. */
  static open(db: Database, dataDir: string, files = nodeFiles): BlobStore {
    const store = new BlobStore(db, dataDir, files)
    files.makeFolderSync(store.#blobs)
    files.makeFolderSync(store.#tmp)
    store.#removeTemporaryFiles()
    return store
  }

  /** Takes bytes of unknown size as they arrive; dispose of it in any case. */
  writer(): BlobWriter {
    return new BlobWriter(this.#files, this.#tmp, (path, sha256) => this.moveIntoPlace(path, sha256))
  }

  /** Names staged bytes in the database. */
  store(tx: Tx, { sha256, size, content }: StagedBlob, now: Date): void {
    tx.run(insert, { sha256, size, content: content ?? null, stored_at: now.toISOString() })
  }

  /** The bytes of a small blob, if it is here. */
  readInline(reader: Reader, sha256: string): Buffer | undefined {
    return reader.get(selectBlob, { sha256 })?.content ?? undefined
  }

  has(reader: Reader, sha256: string): boolean {
    return this.sizeOf(reader, sha256) !== undefined
  }

  /** Bytes of a blob that is here. */
  sizeOf(reader: Reader, sha256: string): number | undefined {
    return reader.get(selectSize, { sha256 })?.size
  }

  /** Some blobs in order of their hash, after one of them. */
  selectPage(after: string, limit: number): { sha256: string; size: number }[] {
    return this.#db.all(selectPage, { after, limit })
  }

  /** Lets go of bytes that turned out to be wrong. */
  remove(tx: Tx, sha256: string): void {
    tx.run(remove, { sha256 })
    this.#files.removeSync(this.pathOf(sha256))
  }

  /**
   * The bytes from `start` to `end`, both inclusive, to be handed on at once; undefined if they are not here.
   * @param from `disk` for bytes that nobody here is likely to read again soon
   * @throws when the file behind the row cannot be opened
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

  /** Bytes that the disk has left for files. */
  freeBytes(): number {
    return this.#files.freeBytes(this.#blobs)
  }

  /**
   * Looks at `limit` blobs that follow `after` in order, and removes those that no live file names and that were stored
   * before a time.
   * @returns the last one looked at, how many went and their bytes; undefined when there are no more
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
        tx.run(remove, { sha256 })
        // Inside the unit: afterwards somebody could have stored the same bytes again.
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
   * Gives a complete, fsynced file its place under its hash. Until what it returns is disposed of nobody removes it;
   * bytes that the database does not name by then go.
   */
  async moveIntoPlace(path: string, sha256: string): Promise<StagedContent> {
    this.#pin(sha256, 1)
    const tmpPath = join(this.#tmp, `${sha256}.${randomUUID()}`)
    const placed = { [Symbol.asyncDispose]: () => this.#release(tmpPath, sha256) }
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
      return placed
    } catch (error) {
      await placed[Symbol.asyncDispose]()
      throw error
    }
  }

  async #release(tmpPath: string, sha256: string): Promise<void> {
    this.#pin(sha256, -1)
    try {
      if (!this.#pins.has(sha256) && !this.has(this.#db, sha256)) this.#removeFile(this.pathOf(sha256))
    } catch (error) {
      // As long as it has its other name the next start finds it.
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

  /** Removes a file if it is there, which it is not where its folder could not be made either. */
  #removeFile(path: string): void {
    try {
      this.#files.removeSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
    }
  }
}
