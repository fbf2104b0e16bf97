import type { BlobStore } from '../../blobs/blob-store.js'
import type { Reader } from '../../db/engine/database.js'
import type { ChangeLog, Entry } from '../../log/change-log.js'
import { BATCH_BYTES, type Blob, encodeFrame, listBlobs, MAX_PAGE_ENTRIES } from '../protocol.js'

/** Entries per query. */
const READ_ENTRIES = 64

/** Pages cached for other sessions at the same position. */
const MAX_CACHED_PAGES = 6

export interface PagesDeps {
  db: Reader
  log: ChangeLog
  blobs: BlobStore
}

/** The regional that a page is sent to. */
export interface PageReader {
  server: string
  epoch: string
}

interface Page {
  entries: Entry[]
  blobs: Map<string, ReferencedBlob>
  frames: Map<string, Buffer>
}

interface ReferencedBlob extends Blob {
  /** Servers and epochs of the changes that reference it. */
  origins: Set<string>
}

/** Encodes pages of the log as frames. Sessions at the same position share one frame. */
export class Pages {
  readonly #deps: PagesDeps
  readonly #pages = new Map<number, Page>()

  constructor(deps: PagesDeps) {
    this.#deps = deps
  }

  /** Returns the frame of entries after a position, and the last entry in it; undefined at the head of the log. */
  next(after: number, reader: PageReader): { frame: Buffer; last: number } | undefined {
    if (after >= this.#deps.log.head().gseq) return undefined
    const page = this.#pages.get(after) ?? this.#load(after)
    const last = page?.entries.at(-1)?.gseq
    if (page === undefined || last === undefined) return undefined
    return { frame: this.#frame(page, reader), last }
  }

  #load(after: number): Page | undefined {
    const page: Page = { entries: [], blobs: new Map(), frames: new Map() }
    let bytes = 0
    for (let from = after; page.entries.length < MAX_PAGE_ENTRIES && bytes < BATCH_BYTES; ) {
      const entries = this.#deps.log.read(from, READ_ENTRIES)
      for (const entry of entries) {
        const blob = this.#smallBlob(entry, page)
        bytes += Buffer.byteLength(entry.change) + (blob?.bytes.length ?? 0)
        if (page.entries.length > 0 && bytes > BATCH_BYTES) break
        page.entries.push(entry)
        if (blob !== undefined) addBlob(page, blob, entry)
      }
      from = entries.at(-1)?.gseq ?? from
      if (entries.length < READ_ENTRIES) break
    }
    if (page.entries.length === 0) return undefined
    this.#pages.set(after, page)
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MAX_CACHED_PAGES) break
      this.#pages.delete(oldest)
    }
    return page
  }

  #smallBlob({ small_sha256 }: Entry, { blobs }: Page): Blob | undefined {
    if (small_sha256 === null) return undefined
    const isInPage = blobs.has(small_sha256)
    // Counted once.
    if (isInPage) return { sha256: small_sha256, bytes: Buffer.alloc(0) }
    const bytes = this.#deps.blobs.readInline(this.#deps.db, small_sha256)
    return bytes === undefined ? undefined : { sha256: small_sha256, bytes }
  }

  /** Leaves out blobs that the reader's own changes brought; an earlier epoch of the reader may have lost its blobs. */
  #frame({ entries, blobs, frames }: Page, reader: PageReader): Buffer {
    const to = originKey(reader.server, reader.epoch)
    const needed = [...blobs.values()].filter(({ origins }) => origins.size > 1 || !origins.has(to))
    const variant = needed.length === blobs.size ? '' : to
    const cached = frames.get(variant)
    if (cached !== undefined) return cached
    const sent = entries.map(({ gseq, ghash, logged_at, change }) => ({ gseq, ghash, logged_at, change }))
    const head = this.#deps.log.head().gseq
    const frame = encodeFrame({ type: 'entries', entries: sent, head, blobs: listBlobs(needed) }, needed)
    frames.set(variant, frame)
    return frame
  }
}

function addBlob(page: Page, { sha256, bytes }: Blob, { origin, epoch }: Entry): void {
  const added = page.blobs.get(sha256)
  if (added === undefined)
    page.blobs.set(sha256, { sha256, bytes, origins: new Set([originKey(origin, epoch)]) })
  else added.origins.add(originKey(origin, epoch))
}

function originKey(server: string, epoch: string): string {
  return `${server} ${epoch}`
}
