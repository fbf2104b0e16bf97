import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import { CorruptBlobError, type IncomingBlob } from '../../blobs/incoming-blob.js'
import { BlobBusyError, type IncomingBlobs } from '../../blobs/incoming-blobs.js'
import { missingSizes } from '../../blobs/missing-blobs.js'
import type { Database } from '../../db/engine/database.js'
import { copyChunks } from '../../lib/byte-source.js'
import { isFull, reasonOf } from '../../lib/storage-fault.js'
import type { Timers } from '../../lib/timers.js'
import { UPLOAD_LENGTH, UPLOAD_OFFSET } from '../protocol.js'
import type { DiskSpace } from './disk-space.js'
import type { GrandMetrics } from './metrics.js'
import { RefusedError, unavailable } from './responses.js'

/** A transfer that brought less than this in so long makes way for another one of the same bytes. */
const STALLED_MS = 5000
const STALLED_BYTES = 64 * 1024

/** What a PUT brings: its headers, and its bytes as they come. */
export interface UploadRequest extends Readable {
  headers: IncomingHttpHeaders
}

/** Where the news of bytes goes. */
export interface UploadObserver {
  uploadStarted(sha256: string, server: string): void
  uploadCompleted(sha256: string, server: string): void
  uploadAborted(sha256: string): void
}

export interface UploadsDeps {
  db: Database
  blobs: BlobStore
  incoming: IncomingBlobs
  disk: DiskSpace
  maxFileSizeBytes: number
  timers: Timers
  observer: UploadObserver
  logger: Logger
  metrics: GrandMetrics
}

interface Upload {
  server: string
  request: UploadRequest
  /** When it last had brought enough, and what it has brought since. */
  progressAt: number
  progressBytes: number
  ended: Promise<void>
}

/** Bytes that regionals bring: only those that the log names, each by one of them at a time, verified before they count. */
export class Uploads {
  readonly #deps: UploadsDeps
  readonly #active = new Map<string, Upload>()

  constructor(options: UploadsDeps) {
    this.#deps = options
  }

  get count(): number {
    return this.#active.size
  }

  /** How many bytes of a blob are here, and of how many if that is known; undefined when no live file names it. */
  async progress(sha256: string): Promise<{ offset: number; size: number } | undefined> {
    const { db, blobs, incoming } = this.#deps
    const nonNegativeInteger = blobs.sizeOf(db, sha256)
    if (nonNegativeInteger !== undefined) return { offset: nonNegativeInteger, size: nonNegativeInteger }
    const sizes = missingSizes(db, sha256)
    const [size] = sizes
    if (size === undefined) return undefined
    const offset = await incoming.offsetOf(sha256)
    if (!sizes.includes(offset) || incoming.arriving(sha256) !== undefined) return { offset, size }
    // All of it came, and the end of the transfer did not: nobody would send it again.
    return { offset: (await this.#complete(sha256, offset)) ? offset : 0, size }
  }

  /**
   * Takes a PUT. @returns whether the bytes were here already
   * @throws Refusal
   */
  async receive(sha256: string, server: string, request: UploadRequest): Promise<'known' | 'stored'> {
    const { db, blobs, timers } = this.#deps
    if (blobs.has(db, sha256)) return 'known'
    const { offset, size } = this.#readHeaders(request)
    this.#checkReferenced(sha256, size)
    this.#checkRoom(size, offset)
    await this.#abortOlder(sha256, server)
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const upload: Upload = { server, request, progressAt: timers.now(), progressBytes: 0, ended }
    try {
      await this.#store(sha256, offset, size, upload)
    } finally {
      if (this.#active.get(sha256) === upload) this.#active.delete(sha256)
      end()
    }
    return 'stored'
  }

  #readHeaders({ headers }: UploadRequest): { offset: number; size: number } {
    const length = whole(headers['content-length'])
    const offset = whole(headers[UPLOAD_OFFSET] ?? '0')
    if (length === undefined) throw new RefusedError(411, 'length-required', 'a PUT needs a Content-Length')
    if (offset === undefined)
      throw new RefusedError(400, 'invalid', `${UPLOAD_OFFSET} is not a number of bytes`)
    const size = whole(headers[UPLOAD_LENGTH] ?? String(offset + length))
    if (size !== offset + length) {
      throw new RefusedError(
        400,
        'invalid',
        `${UPLOAD_LENGTH} is not ${UPLOAD_OFFSET} and Content-Length together`,
      )
    }
    return { offset, size }
  }

  #checkReferenced(sha256: string, size: number): void {
    const { db, maxFileSizeBytes } = this.#deps
    const sizes = missingSizes(db, sha256)
    if (sizes.length === 0)
      throw new RefusedError(404, 'unknown-blob', 'no file of the log names these bytes')
    if (!sizes.includes(size))
      throw new RefusedError(422, 'size-mismatch', `the log names ${sizes.join(' or ')} bytes`)
    if (size > maxFileSizeBytes)
      throw new RefusedError(413, 'too-large', `more than ${maxFileSizeBytes} bytes`)
  }

  #checkRoom(size: number, offset: number): void {
    if (!this.#deps.disk.hasRoomFor(size - offset)) throw diskFull()
  }

  /** A server that begins anew has lost the connection of its older transfer. */
  async #abortOlder(sha256: string, server: string): Promise<void> {
    const other = this.#active.get(sha256)
    if (other === undefined) return
    if (other.server !== server && this.#deps.timers.now() - other.progressAt < STALLED_MS)
      throw await this.#busy(sha256)
    other.request.destroy()
    await other.ended
  }

  async #store(sha256: string, offset: number, size: number, upload: Upload): Promise<void> {
    const { observer, logger, metrics, timers } = this.#deps
    const { server, request } = upload
    try {
      await using blob = await this.#open(sha256, size, offset)
      this.#active.set(sha256, upload)
      observer.uploadStarted(sha256, server)
      await copyChunks(request, (chunk) => {
        noteProgress(upload, chunk.length, timers.now())
        metrics.bytesReceived(chunk.length)
        return blob.write(chunk)
      })
      await blob.finish()
    } catch (error) {
      if (error instanceof CorruptBlobError) metrics.corruptBlob()
      if (!(error instanceof RefusedError)) {
        logger.warn({ regional: server, sha256, reason: (error as Error).message }, 'a transfer failed')
        observer.uploadAborted(sha256)
      }
      throw refusalOf(error)
    }
    observer.uploadCompleted(sha256, server)
  }

  async #open(sha256: string, size: number, offset: number): Promise<IncomingBlob> {
    const blob = await this.#deps.incoming.receive(sha256, size).catch(async (error) => {
      throw error instanceof BlobBusyError ? await this.#busy(sha256) : error
    })
    if (blob.offset === offset) return blob
    const expected = { [UPLOAD_OFFSET]: String(blob.offset) }
    await blob[Symbol.asyncDispose]()
    throw new RefusedError(409, 'wrong-offset', `the next byte is ${expected[UPLOAD_OFFSET]}`, expected)
  }

  async #busy(sha256: string): Promise<RefusedError> {
    const offset = String(await this.#deps.incoming.offsetOf(sha256))
    return new RefusedError(409, 'busy', 'another transfer brings these bytes', { [UPLOAD_OFFSET]: offset })
  }

  async #complete(sha256: string, size: number): Promise<boolean> {
    const { incoming, observer, logger, metrics } = this.#deps
    try {
      await using blob = await incoming.receive(sha256, size)
      await blob.finish()
      observer.uploadCompleted(sha256, '')
      return true
    } catch (error) {
      if (error instanceof CorruptBlobError) metrics.corruptBlob()
      logger.warn({ sha256, reason: (error as Error).message }, 'a transfer could not be completed')
      return false
    }
  }
}

function noteProgress(upload: Upload, sizeBytes: number, now: number): void {
  upload.progressBytes += sizeBytes
  if (upload.progressBytes < STALLED_BYTES) return
  upload.progressAt = now
  upload.progressBytes = 0
}

function refusalOf(error: unknown): unknown {
  if (error instanceof CorruptBlobError) return new RefusedError(422, 'corrupt', error.message)
  if (isFull(error)) return diskFull()
  const reason = reasonOf(error)
  return reason === undefined ? error : unavailable(reason)
}

function diskFull(): RefusedError {
  return new RefusedError(507, 'disk-full', 'no room on the disk', { 'retry-after': '30' })
}

function whole(text: string | string[] | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
