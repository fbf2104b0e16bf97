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

/** An upload that received less than this in this time gives way to another regional's upload of the same blob. */
const STALLED_MS = 5000
const STALLED_BYTES = 64 * 1024

/** The request of an upload: its headers and its body. */
export interface UploadRequest extends Readable {
  headers: IncomingHttpHeaders
}

/** Receives the events of uploads. */
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
  /** When it last completed `STALLED_BYTES`, and the bytes received since. */
  progressAt: number
  progressBytes: number
  ended: Promise<void>
}

/** Receives blobs from regionals: only blobs that the log references, one upload of each at a time, verified at the end. */
export class Uploads {
  readonly #deps: UploadsDeps
  readonly #active = new Map<string, Upload>()

  constructor(deps: UploadsDeps) {
    this.#deps = deps
  }

  get count(): number {
    return this.#active.size
  }

  /** Returns the bytes of a blob received so far and its size; undefined if no row references it. */
  async progress(sha256: string): Promise<{ offset: number; size: number } | undefined> {
    const { db, blobs, incoming } = this.#deps
    const storedBytes = blobs.sizeOf(db, sha256)
    if (storedBytes !== undefined) return { offset: storedBytes, size: storedBytes }
    const sizes = missingSizes(db, sha256)
    const [size] = sizes
    if (size === undefined) return undefined
    const offset = await incoming.offsetOf(sha256)
    if (!sizes.includes(offset) || incoming.arriving(sha256) !== undefined) return { offset, size }
    // All bytes arrived but the upload did not finish: no regional would send them again.
    return { offset: (await this.#complete(sha256, offset)) ? offset : 0, size }
  }

  /**
   * Receives a PUT.
   * @returns `known` if the blob was stored already
   * @throws RefusedError
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
    const length = parseByteCount(headers['content-length'])
    const offset = parseByteCount(headers[UPLOAD_OFFSET] ?? '0')
    if (length === undefined) throw new RefusedError(411, 'length-required', 'a PUT needs a Content-Length')
    if (offset === undefined)
      throw new RefusedError(400, 'invalid', `${UPLOAD_OFFSET} must be a number of bytes`)
    const size = parseByteCount(headers[UPLOAD_LENGTH] ?? String(offset + length))
    if (size !== offset + length) {
      throw new RefusedError(
        400,
        'invalid',
        `${UPLOAD_LENGTH} must be the sum of ${UPLOAD_OFFSET} and Content-Length`,
      )
    }
    return { offset, size }
  }

  #checkReferenced(sha256: string, size: number): void {
    const { db, maxFileSizeBytes } = this.#deps
    const sizes = missingSizes(db, sha256)
    if (sizes.length === 0)
      throw new RefusedError(404, 'unknown-blob', 'no change in the log references this blob')
    if (!sizes.includes(size))
      throw new RefusedError(
        422,
        'size-mismatch',
        `the log references this blob with ${sizes.join(' or ')} bytes`,
      )
    if (size > maxFileSizeBytes)
      throw new RefusedError(413, 'too-large', `the blob has more than ${maxFileSizeBytes} bytes`)
  }

  #checkRoom(size: number, offset: number): void {
    if (!this.#deps.disk.hasRoomFor(size - offset)) throw diskFull()
  }

  /** Aborts an older upload of the blob if it is the same server's or has stalled. @throws RefusedError `busy` otherwise */
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
    throw new RefusedError(409, 'wrong-offset', `the next byte is at ${expected[UPLOAD_OFFSET]}`, expected)
  }

  async #busy(sha256: string): Promise<RefusedError> {
    const offset = String(await this.#deps.incoming.offsetOf(sha256))
    return new RefusedError(409, 'busy', 'another upload of this blob is in progress', {
      [UPLOAD_OFFSET]: offset,
    })
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
  return new RefusedError(507, 'disk-full', 'the disk is full', { 'retry-after': '30' })
}

function parseByteCount(text: string | string[] | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
