import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { IncomingBlobs } from '../../blobs/incoming-blobs.js'
import type { Database } from '../../db/engine/database.js'
import type { ChunkSource } from '../../lib/byte-source.js'
import { isTransientError } from '../../lib/storage-fault.js'
import { type ByteRange, parseByteRange } from '../../net/byte-range.js'
import { writeChunk } from '../../net/write-chunk.js'
import type { GrandMetrics } from './metrics.js'
import { RefusedError, sendBytes } from './responses.js'

export interface DownloadsDeps {
  db: Database
  blobs: BlobStore
  incoming: IncomingBlobs
  metrics: GrandMetrics
  /** Called when a stored blob cannot be read from the disk. */
  onUnreadable: (blob: { sha256: string; size: number }) => void
}

/** A response that is ready to be sent. */
interface Download {
  status: number
  headers: Record<string, string>
  /** Bytes of the body. */
  size: number
  bytes: Buffer | ChunkSource
}

/** Sends blobs that are stored, or that are arriving: these as their bytes come in. */
export class Downloads {
  readonly #deps: DownloadsDeps
  #count = 0

  constructor(deps: DownloadsDeps) {
    this.#deps = deps
  }

  get count(): number {
    return this.#count
  }

  /**
   * Sends the response to a GET, with one range if it asks for one (RFC 9110, section 14). A transfer that breaks off
   * closes the connection, so that the client notices.
   * @throws RefusedError before the head of the response is sent
   */
  async send(sha256: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { metrics } = this.#deps
    const { status, headers, size, bytes } = await this.prepare(sha256, request.headers.range)
    if (Buffer.isBuffer(bytes)) {
      metrics.bytesSent(bytes.length)
      return sendBytes(response, status, bytes, headers)
    }
    response.writeHead(status, { 'content-length': String(size), 'cache-control': 'no-store', ...headers })
    this.#count += 1
    try {
      await bytes((chunk) => writeChunk(response, chunk))
      response.end()
      metrics.bytesSent(size)
    } finally {
      this.#count -= 1
    }
  }

  /**
   * Opens the response to a GET with this Range header.
   * @throws RefusedError
   */
  async prepare(sha256: string, rangeHeader: string | undefined): Promise<Download> {
    const { db, blobs, incoming } = this.#deps
    const blobBytes = blobs.sizeOf(db, sha256) ?? incoming.arriving(sha256)?.size
    if (blobBytes === undefined)
      throw new RefusedError(404, 'not-here', 'the blob is neither stored here nor arriving')
    const range = readRange(rangeHeader, blobBytes)
    const { start, end } = range ?? { start: 0, end: blobBytes - 1 }
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: `"${sha256}"`,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${blobBytes}` }),
    }
    const bytes = await this.#open(sha256, start, end)
    return { status: range === undefined ? 200 : 206, headers, size: end - start + 1, bytes }
  }

  async #open(sha256: string, start: number, end: number): Promise<Download['bytes']> {
    const { blobs, incoming } = this.#deps
    if (end < start) return Buffer.alloc(0)
    const stored = await blobs
      .slice(sha256, start, end, 'disk')
      .catch((error) => this.#unreadable(sha256, error))
    if (stored !== undefined) return Buffer.isBuffer(stored) ? stored : (take) => stored.copy(take)
    const arriving = incoming.arriving(sha256)
    if (arriving === undefined)
      throw new RefusedError(404, 'not-here', 'the blob is not stored here any more')
    return (take) => arriving.follow(start, end, take)
  }

  #unreadable(sha256: string, error: NodeJS.ErrnoException): never {
    const size = this.#deps.blobs.sizeOf(this.#deps.db, sha256)
    if (isTransientError(error) || size === undefined) throw error
    this.#deps.onUnreadable({ sha256, size })
    throw new RefusedError(404, 'not-here', 'the blob cannot be read from the disk')
  }
}

/** @throws RefusedError `range-not-satisfiable` */
function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const range = header === undefined ? undefined : parseByteRange(header, size)
  if (range !== 'unsatisfiable') return range
  throw new RefusedError(416, 'range-not-satisfiable', `The blob has ${size} bytes.`, {
    'content-range': `bytes */${size}`,
  })
}
