import { hash } from 'node:crypto'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database, Reader } from '../db/engine/database.js'
import { type FileRow, findFileById, type ListedFile } from '../db/regional/files.js'
import { fold } from '../db/regional/fold.js'
import { listFiles } from '../db/search/file-listing.js'
import type { FileFilter, SortColumn } from '../db/search/file-queries.js'
import type { ByteSource } from '../lib/byte-source.js'
import { type Json, parse } from '../lib/json.js'
import { isTransientError } from '../lib/storage-fault.js'
import type { Value } from '../model/change.js'
import { faultOfFileName } from '../model/names.js'
import type { Visibility } from '../model/tables.js'
import { mayReadFile, userIdOf } from './access.js'
import type { Caller } from './caller.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, jsonPageOf, type Page } from './paging.js'
import { validate, validateFolder } from './validate.js'
import { type Availability, type FileView, fileView, listedFileJson } from './views.js'

export type Sort = SortColumn | `-${SortColumn}`

export interface FileQuery {
  folder?: string | undefined
  q?: string | undefined
  visibility?: Visibility | undefined
  sort?: Sort | undefined
  limit: number
  cursor?: string | undefined
}

/** Reads a blob's bytes from `start` to `end`, both inclusive, from another server; undefined if none can provide it. */
export type RemoteRead = (
  sha256: string,
  sizeBytes: number,
  start: number,
  end: number,
) => Promise<ByteSource | undefined>

/** A file as one caller sees it, with the ETag that `If-Match` is compared with. */
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
  /** Reads blobs that are not stored here; undefined on a standalone server. */
  remoteRead?: RemoteRead | undefined
}

export class Files {
  readonly #deps: FilesDeps

  constructor(deps: FilesDeps) {
    this.#deps = deps
  }

  /** @returns a page of an account's own files @throws DomainError validation-failed */
  list(ownerId: string, query: FileQuery): Json<Page<FileView>> {
    return this.#page({ owner_id: ownerId, ...this.#filter(query) }, query, query.sort ?? 'name')
  }

  /** @returns a page of the files that an account shares with its friends, newest first */
  listShared(ownerId: string, query: { limit: number; cursor?: string | undefined }): Json<Page<FileView>> {
    return this.#page({ owner_id: ownerId, shared: true }, query, '-created_at')
  }

  /** @throws DomainError file-not-found */
  get(caller: Caller, id: string): VersionedFile {
    return this.#versioned(requireReadable(this.#deps.db, caller, id))
  }

  /**
   * Changes a file's name, folder or visibility.
   * @param ifMatch whether an ETag satisfies the request's If-Match
   * @throws DomainError file-not-found, not-owner, precondition-failed, validation-failed
   */
  async update(
    caller: Caller,
    id: string,
    input: { name?: string | undefined; folder?: string | undefined; visibility?: Visibility | undefined },
    ifMatch: (etag: string) => boolean,
  ): Promise<VersionedFile> {
    const fields: Record<string, Value> = { modified_at: new Date(this.#deps.now()).toISOString() }
    if (input.name !== undefined) fields.name = validate(input.name, faultOfFileName, 'name')
    if (input.folder !== undefined) fields.folder = validateFolder(input.folder)
    if (input.visibility !== undefined) fields.visibility = input.visibility
    return this.#deps.db.write((tx) => {
      const file = requireOwned(tx, caller, id)
      if (!ifMatch(this.#versioned(file).etag)) {
        throw new DomainError('precondition-failed', 'The file has changed since you last read it.')
      }
      this.#deps.journal.record(tx, [{ type: 'file.updated', key: id, fields }])
      return this.#versioned(findFileById(tx, id) as FileRow)
    })
  }

  /** @throws DomainError file-not-found, not-owner */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.#deps.db.write((tx) => {
      requireOwned(tx, caller, id)
      this.#deps.journal.record(tx, [{ type: 'file.deleted', key: id, fields: { deleted: true } }])
    })
  }

  /** Finds a file that the caller may download. @throws DomainError file-not-found */
  getForDownload(caller: Caller, id: string): FileView {
    return fileView(requireReadable(this.#deps.db, caller, id), this.#deps.availability)
  }

  /**
   * Reads a file's bytes from `start` to `end`, both inclusive: from this server, else from another one.
   * @throws DomainError content-pending if no reachable server stores the blob
   */
  async readContent(file: FileView, start: number, end: number): Promise<ByteSource | Buffer> {
    const { sha256, size } = file
    const local = await this.#deps.blobs
      .slice(sha256, start, end, 'cache')
      .catch((error: NodeJS.ErrnoException) => {
        // A damaged local file: other servers have the blob, and the scrub will report it.
        if (isTransientError(error)) throw error
      })
    const bytes = local ?? (await this.#deps.remoteRead?.(sha256, size, start, end))
    if (bytes !== undefined) return bytes
    const retry = { retryAfterSeconds: 5 }
    throw new DomainError('content-pending', 'No reachable server has the content of this file yet.', retry)
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
    // The cursor contains the original name: case folding can make it eleven times as long.
    const seekValue = (name: string | number) => (column === 'name' ? fold(String(name)) : name)
    const after = value === undefined ? undefined : { value: seekValue(value), id: String(id) }
    const order = { sort: column, descending, after, limit: query.limit + 1 }
    const { rows, scannedTo } = listFiles(this.#deps.db, filter, order)
    const seekKeyOf = ({ shown }: ListedFile) => {
      const file = parse(shown)
      return [sort, file[column], file.id]
    }
    const scanned = scannedTo && [sort, scannedTo.value, scannedTo.id]
    const view = (row: ListedFile) => listedFileJson(row, this.#deps.availability)
    return jsonPageOf(rows, query.limit, view, seekKeyOf, scanned)
  }

  #filter({ folder, q, visibility }: FileQuery) {
    return {
      folder: folder === undefined ? undefined : validateFolder(folder),
      contains: q === undefined ? undefined : fold(q),
      visibility,
    }
  }

  #versioned(row: FileRow): VersionedFile {
    const file = fileView(row, this.#deps.availability)
    return { file, etag: etagOf(file) }
  }
}

function requireReadable(reader: Reader, caller: Caller, id: string): FileRow {
  const file = findFileById(reader, id)
  if (file === undefined || !mayReadFile(reader, caller, file)) {
    throw new DomainError('file-not-found', 'There is no file with this id that you may read.')
  }
  return file
}

function requireOwned(reader: Reader, caller: Caller, id: string): FileRow {
  const file = requireReadable(reader, caller, id)
  if (file.owner_id !== userIdOf(caller))
    throw new DomainError('not-owner', 'Only the owner may change or delete this file.')
  return file
}

/** The ETag of all that a file's view shows, except its availability. */
export function etagOf({ available, stored_on, ...metadata }: FileView): string {
  const version = hash('sha256', JSON.stringify(metadata), 'base64url')
  return `"${version.slice(0, 22)}"`
}
