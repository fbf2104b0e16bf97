import type { BlobStore } from '../blobs/blob-store.js'
import { INLINE_BYTES, type StagedBlob } from '../blobs/blob-writer.js'
import type { Database } from '../db/engine/database.js'
import { type FileRow, findFileById } from '../db/regional/files.js'
import type { ChunkSink } from '../lib/byte-source.js'
import { isFull, isStorageFault } from '../lib/storage-fault.js'
import { faultOfFileName } from '../model/names.js'
import type { Visibility } from '../model/tables.js'
import { DomainError } from './errors.js'
import { etagOf, type VersionedFile } from './files.js'
import type { Journal } from './journal.js'
import type { Quota } from './quota.js'
import { storageErrorOf } from './storage-errors.js'
import { validate, validateFolder } from './validate.js'
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
  /** Lower bound of the file's size from the request's headers; 0 if unknown. */
  declaredBytes: number
}

/** Fields that may precede or follow the file's content in the request. */
export interface UploadOptions {
  folder?: string | undefined
  visibility?: Visibility | undefined
  /** Expected sha256 of the content, lower-case hex. */
  sha256?: string | undefined
}

type FileMetadata = Pick<FileRow, 'name' | 'folder' | 'media_type' | 'visibility'>

export class Uploads {
  readonly #deps: UploadsDeps

  constructor(deps: UploadsDeps) {
    this.#deps = deps
  }

  /**
   * Checks, before the body is read, that an upload of at least `bytes` bytes can succeed.
   * @throws DomainError file-too-large, quota-exceeded, disk-full
   */
  assertRoom(userId: string, bytes: number): void {
    const { quota, blobs, maxFileSizeBytes, minFreeDiskBytes } = this.#deps
    if (bytes > maxFileSizeBytes) throw tooLarge(maxFileSizeBytes)
    quota.assertRoom(userId, bytes)
    if (blobs.freeBytes() - bytes < minFreeDiskBytes) throw diskFull()
  }

  /**
   * Stores a file after `assertRoom`. The file is visible once this resolves; if it rejects, nothing remains.
   * @param receive passes the content to the sink as it arrives, and returns the other fields
   * @throws DomainError validation-failed, checksum-mismatch, file-too-large, quota-exceeded, disk-full
   */
  async store(
    userId: string,
    input: NewFile,
    receive: (sink: ChunkSink) => Promise<UploadOptions>,
  ): Promise<VersionedFile> {
    const { blobs, quota, maxFileSizeBytes } = this.#deps
    const { media_type, declaredBytes } = input
    const name = validate(input.name, faultOfFileName, 'name')
    using reservation = quota.reservation(userId)
    await using writer = blobs.writer()
    try {
      reservation.reserve(declaredBytes)
      const { sha256, ...options } = await receive((chunk) => {
        const sizeBytes = writer.size + chunk.length
        if (sizeBytes > maxFileSizeBytes) throw tooLarge(maxFileSizeBytes)
        // The quota of blobs stored in the database is checked in the transaction.
        if (sizeBytes > INLINE_BYTES) reservation.reserve(sizeBytes)
        return writer.write(chunk)
      })
      const folder = validateFolder(options.folder ?? '/')
      const metadata = { name, folder, media_type, visibility: options.visibility ?? 'private' }
      const blob = await writer.finish()
      if (sha256 !== undefined && sha256 !== blob.sha256) {
        throw new DomainError('checksum-mismatch', `The received content has the sha256 ${blob.sha256}.`)
      }
      return await this.#commit(userId, metadata, blob, reservation)
    } catch (error) {
      throw isFull(error) ? diskFull(error) : isStorageFault(error) ? storageErrorOf(error) : error
    }
  }

  #commit(userId: string, metadata: FileMetadata, blob: StagedBlob, reservation: Disposable) {
    const { db, blobs, journal, quota, availability, now } = this.#deps
    const id = journal.random.id()
    const at = new Date(now())
    const fields = {
      owner_id: userId,
      size: blob.size,
      sha256: blob.sha256,
      created_at: at.toISOString(),
      modified_at: at.toISOString(),
      ...metadata,
    }
    return db.write((tx) => {
      // Replaces the reservation by the stored bytes. Files from other servers may have used up the quota meanwhile.
      reservation[Symbol.dispose]()
      quota.assertRoom(userId, blob.size, tx)
      blobs.store(tx, blob, at)
      journal.record(tx, [{ type: 'file.uploaded', key: id, fields }])
      const file = fileView(findFileById(tx, id) as FileRow, availability)
      return { file, etag: etagOf(file) }
    })
  }
}

function tooLarge(maxFileSizeBytes: number): DomainError {
  return new DomainError('file-too-large', `A file can have at most ${maxFileSizeBytes} bytes.`)
}

function diskFull(cause?: unknown): DomainError {
  return new DomainError('disk-full', 'The disk of the server is full.', { cause })
}
