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
  maxFileSizeBytes: number
  minFreeDiskBytes: number
}

export interface NewFile {
  name: string
  media_type: string
  /** The least size that the client announced, 0 if none. */
  declaredBytes: number
}

/** Options that may arrive before the file's bytes or after them. */
export interface UploadOptions {
  folder?: string | undefined
  visibility?: Visibility | undefined
  /** The client's checksum, lower-case hex. */
  sha256?: string | undefined
}

/** Fields that the uploader chooses, validated. */
type ChosenFields = Pick<FileRow, 'name' | 'folder' | 'media_type' | 'visibility'>

export class Uploads {
  readonly #deps: UploadsDeps

  constructor(deps: UploadsDeps) {
    this.#deps = deps
  }

  /**
   * Checks whether an upload of at least `bytes` can succeed, before its body is read.
   * @throws DomainError file-too-large, quota-exceeded, disk-full
   */
  assertRoom(userId: string, bytes: number): void {
    const { quota, blobs, maxFileSizeBytes, minFreeDiskBytes } = this.#deps
    if (bytes > maxFileSizeBytes) throw tooLarge(maxFileSizeBytes)
    quota.assertRoom(userId, bytes)
    if (blobs.freeBytes() - bytes < minFreeDiskBytes) throw diskFull()
  }

  /**
   * Stores a file. The file is invisible until this resolves, and leaves nothing behind if it rejects.
   * @param receive streams the client's bytes to the sink, and resolves to its options
   * @throws DomainError validation-failed, checksum-mismatch, file-too-large, quota-exceeded, disk-full
   */
  async store(
    userId: string,
    input: NewFile,
    receive: (sink: ChunkSink) => Promise<UploadOptions>,
  ): Promise<VersionedFile> {
    const { blobs, quota, maxFileSizeBytes } = this.#deps
    const { media_type, declaredBytes } = input
    const name = checked(input.name, faultOfFileName, 'name')
    using reservation = quota.reservation(userId)
    await using writer = blobs.writer()
    try {
      reservation.reserve(declaredBytes)
      const { sha256, ...options } = await receive((chunk) => {
        const size = writer.size + chunk.length
        if (size > maxFileSizeBytes) throw tooLarge(maxFileSizeBytes)
        // The transaction checks the quota of smaller files.
        if (size > INLINE_BYTES) reservation.reserve(size)
        return writer.write(chunk)
      })
      const folder = checked(normalizeFolder(options.folder ?? '/'), faultOfFolder, 'folder')
      const chosen = { name, folder, media_type, visibility: options.visibility ?? 'private' }
      const blob = await writer.finish()
      if (sha256 !== undefined && sha256 !== blob.sha256) {
        throw new DomainError(
          'checksum-mismatch',
          `The received bytes have the sha256 ${blob.sha256}. Upload the file again.`,
        )
      }
      return await this.#commit(userId, chosen, blob, reservation)
    } catch (error) {
      throw isFull(error) ? diskFull(error) : isStorageFault(error) ? unwritable(error) : error
    }
  }

  async #commit(
    userId: string,
    chosen: ChosenFields,
    blob: StagedBlob,
    reserved: Disposable,
  ): Promise<VersionedFile> {
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
      // The reservation becomes stored bytes. Checked again, because files of other servers may have arrived.
      reserved[Symbol.dispose]()
      quota.assertRoom(userId, blob.size, tx)
      blobs.store(tx, blob, at)
      journal.record(tx, [{ type: 'file.uploaded', key: id, fields }])
      const row = findFileById(tx, id) as FileRow
      return { file: fileView(row, availability), etag: versionOf(row) }
    })
  }
}

function tooLarge(maxFileSizeBytes: number): DomainError {
  return new DomainError('file-too-large', `A file may have at most ${maxFileSizeBytes} bytes.`)
}

function diskFull(cause?: unknown): DomainError {
  return new DomainError('disk-full', 'The disk of the server is full.', { cause })
}
