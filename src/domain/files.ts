import { hash } from 'node:crypto'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database, Reader, Tx } from '../db/engine/database.js'
import { type FileRow, findFileById, type ListedFile } from '../db/regional/files.js'
import { fold } from '../db/regional/fold.js'
import { listFiles } from '../db/search/file-listing.js'
import type { FileFilter, SortColumn } from '../db/search/file-queries.js'
import type { Visibility } from '../db/tables.js'
import type { ByteSource } from '../lib/byte-source.js'
import { type Json, parse } from '../lib/json.js'
import { isTransientError } from '../lib/storage-fault.js'
import type { Value } from '../model/change.js'
import { faultOfFileName, faultOfFolder, normalizeFolder } from '../model/names.js'
import { mayRead, userIdOf } from './access.js'
import type { Caller } from './caller.js'
import { checked } from './checked.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, jsonPageOf, type Page } from './paging.js'
import { type Availability, type FileView, fileJson, fileView } from './views.js'

export type Sort = SortColumn | `-${SortColumn}`

export interface FileQuery {
  folder?: string | undefined
  q?: string | undefined
  visibility?: Visibility | undefined
  sort?: Sort | undefined
  limit: number
  cursor?: string | undefined
}

/** Reads part of a blob that this server lacks. @returns undefined when no server can provide it now */
export type RemoteRead = (
  sha256: string,
  size: number,
  start: number,
  end: number,
) => Promise<ByteSource | undefined>

/** A file with the ETag that `If-Match` compares. */
export interface VersionedFile {
  file: FileView
  etag: string
}

export interface FilesDeps {
  db: Database
  blobs: BlobStore
  journal: Journal
  availability: Availability
  now: () => number
  /** Undefined on a standalone server. */
  remoteRead?: RemoteRead | undefined
}

export class Files {
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #journal: Journal
  readonly #availability: Availability
  readonly #now: () => number
  readonly #remoteRead: RemoteRead | undefined

  constructor({ db, blobs, journal, availability, now, remoteRead }: FilesDeps) {
    this.#db = db
    this.#blobs = blobs
    this.#journal = journal
    this.#availability = availability
    this.#now = now
    this.#remoteRead = remoteRead
  }

  /** An account's own files. */
  list(ownerId: string, query: FileQuery): Json<Page<FileView>> {
    return this.#page({ owner_id: ownerId, ...this.#filter(query) }, query, query.sort ?? 'name')
  }

  /** Files that an account shares with its friends, newest first. */
  listShared(ownerId: string, query: { limit: number; cursor?: string | undefined }): Json<Page<FileView>> {
    return this.#page({ owner_id: ownerId, shared: true }, query, '-created_at')
  }

  /** @throws DomainError file-not-found */
  get(caller: Caller, id: string): VersionedFile {
    return this.#versioned(this.#readable(this.#db, caller, id))
  }

  /**
   * Renames, moves, or shares a file.
   * @param ifMatch whether an ETag satisfies the request's If-Match
   * @throws DomainError file-not-found, not-owner, precondition-failed, validation-failed
   */
  async update(
    caller: Caller,
    id: string,
    input: { name?: string | undefined; folder?: string | undefined; visibility?: Visibility | undefined },
    ifMatch: (etag: string) => boolean,
  ): Promise<VersionedFile> {
    const fields: Record<string, Value> = { modified_at: new Date(this.#now()).toISOString() }
    if (input.name !== undefined) fields.name = checked(input.name, faultOfFileName, 'name')
    if (input.folder !== undefined)
      fields.folder = checked(normalizeFolder(input.folder), faultOfFolder, 'folder')
    if (input.visibility !== undefined) fields.visibility = input.visibility
    return this.#db.write((tx) => {
      const file = this.#owned(tx, caller, id)
      if (!ifMatch(versionOf(file))) {
        throw new DomainError('precondition-failed', 'The file has changed since you last read it.')
      }
      this.#journal.record(tx, [{ type: 'file.updated', key: id, fields }])
      return this.#versioned(findFileById(tx, id) as FileRow)
    })
  }

  /** @throws DomainError file-not-found, not-owner */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.#db.write((tx) => {
      this.#owned(tx, caller, id)
      this.#journal.record(tx, [{ type: 'file.deleted', key: id, fields: { deleted: true } }])
    })
  }

  /** A file that a caller may download. @throws DomainError file-not-found */
  downloadable(caller: Caller, id: string): FileView {
    return fileView(this.#readable(this.#db, caller, id), this.#availability)
  }

  /**
   * Reads a file from `start` to `end`, both inclusive.
   * @throws DomainError content-pending when no server can provide the content now
   */
  async read(file: FileView, start: number, end: number): Promise<ByteSource | Buffer> {
    const { sha256, size } = file
    const local = await this.#blobs
      .slice(sha256, start, end, 'cache')
      .catch((error: NodeJS.ErrnoException) => {
        // The file is corrupt. The scrub will find it, and other servers still have the blob.
        if (isTransientError(error)) throw error
      })
    const bytes = local ?? (await this.#remoteRead?.(sha256, size, start, end))
    if (bytes !== undefined) return bytes
    throw new DomainError('content-pending', 'No reachable server has the content yet. Try again later.', {
      retryAfterSeconds: 5,
    })
  }

  #page(
    filter: FileFilter,
    query: { limit: number; cursor?: string | undefined },
    sort: Sort,
  ): Json<Page<FileView>> {
    const descending = sort.startsWith('-')
    const column = (descending ? sort.slice(1) : sort) as SortColumn
    const kind = column === 'size' ? 'number' : 'string'
    const [value, id] = query.cursor === undefined ? [] : decodeCursor(query.cursor, sort, [kind, 'string'])
    // A cursor has the unfolded name: folded it can be eleven times as long.
    const seekValue = (name: string | number) => (column === 'name' ? fold(String(name)) : name)
    const after = value === undefined ? undefined : { value: seekValue(value), id: String(id) }
    const { rows, scannedTo } = listFiles(this.#db, filter, {
      sort: column,
      descending,
      after,
      limit: query.limit + 1,
    })
    const position = ({ shown }: ListedFile) => {
      const file = parse(shown)
      return [sort, file[column], file.id]
    }
    const scanned = scannedTo && [sort, scannedTo.value, scannedTo.id]
    return jsonPageOf(rows, query.limit, (row) => fileJson(row, this.#availability), position, scanned)
  }

  #filter({ folder, q, visibility }: FileQuery) {
    return {
      folder: folder === undefined ? undefined : checked(normalizeFolder(folder), faultOfFolder, 'folder'),
      contains: q === undefined ? undefined : fold(q),
      visibility,
    }
  }

  #readable(reader: Reader, caller: Caller, id: string): FileRow {
    const file = findFileById(reader, id)
    if (file === undefined || !mayRead(reader, caller, file)) {
      throw new DomainError('file-not-found', 'The file does not exist or is not shared with you.')
    }
    return file
  }

  #owned(tx: Tx, caller: Caller, id: string): FileRow {
    const file = this.#readable(tx, caller, id)
    if (file.owner_id !== userIdOf(caller))
      throw new DomainError('not-owner', 'Only the owner may change this file.')
    return file
  }

  #versioned(row: FileRow): VersionedFile {
    return { file: fileView(row, this.#availability), etag: versionOf(row) }
  }
}

/** The ETag of a file's metadata. Its availability is not part of it. */
export function versionOf({ id, name, folder, visibility, modified_at }: FileRow): string {
  const version = hash('sha256', JSON.stringify([id, name, folder, visibility, modified_at]), 'base64url')
  return `"${version.slice(0, 22)}"`
}
