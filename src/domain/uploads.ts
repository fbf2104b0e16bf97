import type { BlobStore } from '../blobs/blob-store.js'
import { INLINE_BYTES, type StagedBlob } from '../blobs/blob-writer.js'
import type { Database } from '../db/engine/database.js'
import { type FileRow, findFileById } from '../db/regional/files.js'
import type { Visibility } from '../db/tables.js'
import type { ChunkSink } from '../lib/byte-source.js'
import { isFull, isStorageFault } from '../lib/storage-fault.js'
import { faultOfFileName, faultOfFolder, normalizeFolder } from '../model/names.js'
import { checked } from './checked.js'
import { DomainError } from './errors.js'
import { type VersionedFile, versionOf } from './files.js'
import type { Journal } from './journal.js'
import type { Quota } from './quota.js'
import { unwritable } from './unwritable.js'
import { type Availability, fileView } from './views.js'

export interface UploadsDeps {
  db: Database
  blobs: BlobStore
  journal: Journal
  quota: Quota
  availability: Availability
  now: () => number
  maxFileSize: number
  minFreeDisk: number
}

export interface NewFile {
  name: string
  media_type: string
  /** Bytes that the client announced: at least so many will come. 0 if it announced nothing. */
  declaredBytes: number
}

/** What may be said before a file's bytes or after them. */
export interface UploadOptions {
  folder?: string | undefined
  visibility?: Visibility | undefined
  /** What the client says its bytes hash to, lower-case hex. */
  sha256?: string | undefined
}

/** What the uploader says of a file, as it is stored. */
type Chosen = Pick<FileRow, 'name' | 'folder' | 'media_type' | 'visibility'>

export class Uploads {
  readonly #deps: UploadsDeps

  constructor(options: UploadsDeps) {
    this.#deps = options
  }

  /**
   * Whether an upload of at least so many bytes could succeed, asked before a byte of it is read.
   * @throws DomainError file-too-large, quota-exceeded, disk-full
   */
  assertRoom(userId: string, bytes: number): void {
    const { quota, blobs, maxFileSize, minFreeDisk } = this.#deps
    if (bytes > maxFileSize) throw tooLarge(maxFileSize)
    quota.assertRoom(userId, bytes)
    if (blobs.freeBytes() - bytes < minFreeDisk) throw diskFull()
  }

  /**
   * Stores a file that there was room for (see `assertRoom`). Until it resolves nothing of it can be seen; if it rejects nothing of it is left.
   * @param receive hands out the client's bytes as they arrive, and gives what it says beside them
   * @throws DomainError validation-failed, checksum-mismatch, file-too-large, quota-exceeded, disk-full
   */
  async store(
    userId: string,
    input: NewFile,
    receive: (take: ChunkSink) => Promise<UploadOptions>,
  ): Promise<VersionedFile> {
    const { blobs, quota, maxFileSize } = this.#deps
    const { media_type, declaredBytes } = input
    const name = checked(input.name, faultOfFileName, 'name')
    using reservation = quota.reservation(userId)
    await using writer = blobs.writer()
    try {
      reservation.reserve(declaredBytes)
      const { sha256, ...options } = await receive((chunk) => {
        const size = writer.size + chunk.length
        if (size > maxFileSize) throw tooLarge(maxFileSize)
        // What fits into the database is asked for when it is put there.
        if (size > INLINE_BYTES) reservation.reserve(size)
        return writer.write(chunk)
      })
      const folder = checked(normalizeFolder(options.folder ?? '/'), faultOfFolder, 'folder')
      const chosen = { name, folder, media_type, visibility: options.visibility ?? 'private' }
      const blob = await writer.finish()
      if (sha256 !== undefined && sha256 !== blob.sha256) {
        throw new DomainError('checksum-mismatch', `The bytes that arrived have the sha256 ${blob.sha256}.`)
      }
      return await this.#commit(userId, chosen, blob, reservation)
    } catch (error) {
      throw isFull(error) ? diskFull(error) : isStorageFault(error) ? unwritable(error) : error
    }
  }

  async #commit(userId: string, chosen: Chosen, blob: StagedBlob, held: Disposable): Promise<VersionedFile> {
    const { db, blobs, journal, quota, availability, now } = this.#deps
    const id = journal.random.id()
    const at = new Date(now())
    const fields = {
      owner_id: userId,
      size: blob.size,
      sha256: blob.sha256,
      created_at: at.toISOString(),
      modified_at: at.toISOString(),
      ...chosen,
    }
    return db.write((tx) => {
      // What was reserved counts as stored from here on; asked again, as other servers' uploads count too.
      held[Symbol.dispose]()
      quota.assertRoom(userId, blob.size, tx)
      blobs.store(tx, blob, at)
      journal.record(tx, [{ type: 'file.uploaded', key: id, fields }])
      const row = findFileById(tx, id) as FileRow
      return { file: fileView(row, availability), etag: versionOf(row) }
    })
  }
}

function tooLarge(maxFileSize: number): DomainError {
  return new DomainError('file-too-large', `A file may have at most ${maxFileSize} bytes.`)
}

function diskFull(cause?: unknown): DomainError {
  return new DomainError('disk-full', 'The server has no room for more files.', { cause })
}
