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
  /** The disk does not give bytes that are named in the database. */
  onUnreadable: (blob: { sha256: string; size: number }) => void
}

/** An answer whose bytes are yet to be sent. */
interface Download {
  status: number
  headers: Record<string, string>
  /** Of `bytes`. */
  size: number
  bytes: Buffer | ChunkSource
}

/** Hands out bytes that are here, or that arrive just now: then as they come. */
export class Downloads {
  readonly #deps: DownloadsDeps
  #count = 0

  constructor(options: DownloadsDeps) {
    this.#deps = options
  }

  get count(): number {
    return this.#count
  }

  /**
   * Answers a GET, with one range if it asks for one (RFC 9110, section 14). A transfer that breaks off ends with the
   * connection, so that it cannot be taken for a whole one.
   * @throws Refusal before anything is answered
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
   * The answer to a GET with this Range header, and its bytes.
   * @throws Refusal
   */
  async prepare(sha256: string, rangeHeader: string | undefined): Promise<Download> {
    const { db, blobs, incoming } = this.#deps
    const whole = blobs.sizeOf(db, sha256) ?? incoming.arriving(sha256)?.size
    if (whole === undefined) throw new RefusedError(404, 'not-here', 'these bytes are not here, nor arriving')
    const range = readRange(rangeHeader, whole)
    const { start, end } = range ?? { start: 0, end: whole - 1 }
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: `"${sha256}"`,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${whole}` }),
    }
    const bytes = await this.#open(sha256, start, end)
    return { status: range === undefined ? 200 : 206, headers, size: end - start + 1, bytes }
  }

  async #open(sha256: string, start: number, end: number): Promise<Download['bytes']> {
    const { blobs, incoming } = this.#deps
    if (end < start) return Buffer.alloc(0)
    const here = await blobs
      .slice(sha256, start, end, 'disk')
      .catch((error) => this.#unreadable(sha256, error))
    if (here !== undefined) return Buffer.isBuffer(here) ? here : (take) => here.copy(take)
    const arriving = incoming.arriving(sha256)
    if (arriving === undefined) throw new RefusedError(404, 'not-here', 'these bytes are not here any more')
    return (take) => arriving.follow(start, end, take)
  }

  #unreadable(sha256: string, error: NodeJS.ErrnoException): never {
    const size = this.#deps.blobs.sizeOf(this.#deps.db, sha256)
    if (isTransientError(error) || size === undefined) throw error
    this.#deps.onUnreadable({ sha256, size })
    throw new RefusedError(404, 'not-here', 'these bytes cannot be read here')
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
