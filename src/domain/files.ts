import { hash } from 'node:crypto'
import type { BlobStore } from '../blobs/blob-store.js'
import type { Database } from '../db/engine/database.js'
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
import { mayRead, requireUser } from './access.js'
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

/** Bytes that are not here, from another server; undefined when they are not to be had now. */
export type RemoteRead = (
  sha256: string,
  size: number,
  start: number,
  end: number,
) => Promise<ByteSource | undefined>

/** A file as one caller sees it, with the version that `If-Match` compares. */
export interface VersionedFile {
  file: FileView
  etag: string
}

export class Files {
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #journal: Journal
  readonly #availability: Availability
  readonly #now: () => number
  readonly #remoteRead: RemoteRead | undefined

  constructor(options: {
    db: Database
    blobs: BlobStore
    journal: Journal
    availability: Availability
    now: () => number
    /** Reads bytes that are not here; a server that works alone has none. */
    remoteRead?: RemoteRead | undefined
  }) {
    this.#db = options.db
    this.#blobs = options.blobs
    this.#journal = options.journal
    this.#availability = options.availability
    this.#now = options.now
    this.#remoteRead = options.remoteRead
  }

  /** An account's own files. */
  list(ownerId: string, query: FileQuery): Json<Page<FileView>> {
    return this.#page({ owner_id: ownerId, ...this.#filter(query) }, query, query.sort ?? 'name')
  }

  /** What an account shares with its friends, newest first. */
  listShared(ownerId: string, query: { limit: number; cursor?: string | undefined }): Json<Page<FileView>> {
    return this.#page({ owner_id: ownerId, shared: true }, query, '-created_at')
  }

  /** @throws DomainError file-not-found */
  get(caller: Caller, id: string): VersionedFile {
    return this.#versioned(this.#readable(caller, id))
  }

  /**
   * Renames, moves, or shares a file.
   * @param ifMatch whether an ETag passes the request's If-Match
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
      const file = this.#owned(caller, id)
      if (!ifMatch(versionOf(file))) {
        throw new DomainError('precondition-failed', 'The file was changed since you read it.')
      }
      this.#journal.record(tx, [{ type: 'file.updated', key: id, fields }])
      return this.#versioned(findFileById(tx, id) as FileRow)
    })
  }

  /** @throws DomainError file-not-found, not-owner */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.#db.write((tx) => {
      this.#owned(caller, id)
      this.#journal.record(tx, [{ type: 'file.deleted', key: id, fields: { deleted: true } }])
    })
  }

  /** A file whose bytes a caller may have. @throws DomainError file-not-found */
  downloadable(caller: Caller, id: string): FileView {
    return fileView(this.#readable(caller, id), this.#availability)
  }

  /**
   * The bytes of a file from `start` to `end`, both inclusive.
   * @throws DomainError content-pending when they are not to be had now
   */
  async read(file: FileView, start: number, end: number): Promise<ByteSource | Buffer> {
    const { sha256, size } = file
    const here = await this.#blobs
      .slice(sha256, start, end, 'cache')
      .catch((error: NodeJS.ErrnoException) => {
        // The disk does not give the file; the scrub finds out, and the others still have the bytes.
        if (isTransientError(error)) throw error
      })
    const bytes = here ?? (await this.#remoteRead?.(sha256, size, start, end))
    if (bytes !== undefined) return bytes
    throw new DomainError('content-pending', 'No server that can be reached holds the bytes yet.', {
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
    // A cursor holds the name as it is: folded it can be eleven times as long.
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

  #readable(caller: Caller, id: string): FileRow {
    const file = findFileById(this.#db, id)
    if (file === undefined || !mayRead(this.#db, caller, file)) {
      throw new DomainError('file-not-found', 'There is no such file, or it is not shared with you.')
    }
    return file
  }

  #owned(caller: Caller, id: string): FileRow {
    const file = this.#readable(caller, id)
    if (file.owner_id !== requireUser(caller))
      throw new DomainError('not-owner', 'Only its owner may change this file.')
    return file
  }

  #versioned(row: FileRow): VersionedFile {
    return { file: fileView(row, this.#availability), etag: versionOf(row) }
  }
}

/** The ETag of what an owner can change; which servers hold the bytes is no part of it. */
export function versionOf({ id, name, folder, visibility, modified_at }: FileRow): string {
  const version = hash('sha256', JSON.stringify([id, name, folder, visibility, modified_at]), 'base64url')
  return `"${version.slice(0, 22)}"`
}
