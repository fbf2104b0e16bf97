import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { IncomingBlobs } from '../../blobs/incoming-blobs.js'
import type { Database } from '../../db/engine/database.js'
import type { ByteSource, ChunkSink } from '../../lib/byte-source.js'
import type { Random } from '../../lib/random.js'
import { Signal } from '../../lib/signal.js'
import type { Timers } from '../../lib/timers.js'
import { BlobPuller } from './blob-puller.js'
import { BlobPusher } from './blob-pusher.js'
import type { RemoteBlobs } from './remote-blobs.js'
import type { SessionTransfer } from './session.js'

export interface BlobTransferDeps {
  /** Disposed of with the BlobTransfer. */
  grand: RemoteBlobs
  db: Database
  blobs: BlobStore
  incoming: IncomingBlobs
  timers: Timers
  random: Random
  logger: Logger
}

/** Transfers blobs between this regional and the grand, in both directions. */
export class BlobTransfer implements SessionTransfer, AsyncDisposable {
  /** Emitted when a blob was stored or lost, so that the watermark may have changed. */
  readonly progressed = new Signal()
  readonly #grand: RemoteBlobs
  readonly #incoming: IncomingBlobs
  readonly #pusher: BlobPusher
  readonly #puller: BlobPuller
  #connection = aborted()

  constructor({ grand, db, blobs, incoming, timers, random, logger }: BlobTransferDeps) {
    this.#grand = grand
    this.#incoming = incoming
    const onProgress = () => this.progressed.emit()
    const onLost = () => {
      this.refresh()
      onProgress()
    }
    this.#pusher = new BlobPusher({ db, blobs, grand, timers, random, logger, onLost })
    this.#puller = new BlobPuller({ db, incoming, grand, timers, logger, onProgress })
  }

  setConnected(connected: boolean): void {
    this.#connection.abort()
    if (!connected) return
    this.#connection = new AbortController()
    this.#pusher.begin(this.#connection.signal)
    this.#puller.begin(this.#connection.signal)
  }

  push(sha256s: string[]): void {
    this.#pusher.push(sha256s)
  }

  offered(sha256s: string[]): void {
    this.#puller.offered(sha256s)
  }

  refresh(): void {
    this.#puller.refresh()
  }

  isOffered(sha256: string): boolean {
    return this.#puller.isOffered(sha256)
  }

  watermark(cursor: number): number {
    return this.#puller.watermark(cursor)
  }

  /**
   * Reads a blob that is not stored here from the grand, from `start` to `end`, both inclusive; undefined if it is not
   * available now. A read of the whole blob is verified before its last bytes are passed on.
   */
  async read(sha256: string, size: number, start: number, end: number): Promise<ByteSource | undefined> {
    if (this.#connection.signal.aborted) return undefined
    const bytes = await this.#grand.get(sha256, start, end, this.#connection.signal).catch(() => undefined)
    const isWhole = start === 0 && end === size - 1
    return bytes !== undefined && isWhole ? verified(bytes, sha256) : bytes
  }

  /** Removes incomplete blobs last written before a time, milliseconds since 1970. @returns how many */
  removeAbandonedParts(beforeMs: number): Promise<number> {
    return this.#incoming.removeAbandoned(beforeMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.abort()
    await this.#grand[Symbol.asyncDispose]()
  }
}

/** Delays each chunk by one, so that the last chunk is passed on only if the hash matches. */
function verified(bytes: ByteSource, sha256: string): ByteSource {
  const copy = async (take: ChunkSink) => {
    const hash = createHash('sha256')
    let held: Buffer | undefined
    await bytes.copy((chunk) => {
      hash.update(chunk)
      const previous = held
      held = Buffer.from(chunk)
      return previous && take(previous)
    })
    if (hash.digest('hex') !== sha256) throw new Error(`blob ${sha256} does not match its hash`)
    if (held !== undefined) await take(held)
  }
  return { copy, close: () => bytes.close() }
}

function aborted(): AbortController {
  const controller = new AbortController()
  controller.abort()
  return controller
}
