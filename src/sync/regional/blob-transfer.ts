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
  /** Ended with this. */
  grand: RemoteBlobs
  db: Database
  blobs: BlobStore
  incoming: IncomingBlobs
  timers: Timers
  random: Random
  logger: Logger
}

/** All bytes that go between this regional and the grand. */
export class BlobTransfer implements SessionTransfer, AsyncDisposable {
  /** Emitted when bytes came, or were lost: others may have to know. */
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
   * Bytes of a blob that is not here yet, from `start` to `end`, both inclusive, straight from the grand; undefined
   * when they are not to be had now. The whole of a blob is verified before its last bytes are handed out.
   */
  async read(sha256: string, size: number, start: number, end: number): Promise<ByteSource | undefined> {
    if (this.#connection.signal.aborted) return undefined
    const bytes = await this.#grand.get(sha256, start, end, this.#connection.signal).catch(() => undefined)
    const whole = start === 0 && end === size - 1
    return bytes !== undefined && whole ? verified(bytes, sha256) : bytes
  }

  /** Removes parts of transfers that nobody went on with since a time, milliseconds since 1970; returns how many. */
  removeAbandonedParts(beforeMs: number): Promise<number> {
    return this.#incoming.removeAbandoned(beforeMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.abort()
    await this.#grand[Symbol.asyncDispose]()
  }
}

/** Passes bytes on one chunk late, so that the last one goes out only if the hash is right. */
function verified(bytes: ByteSource, sha256: string): ByteSource {
  const copy = async (take: ChunkSink) => {
    const hash = createHash('sha256')
    let held: Buffer | undefined
    await bytes.copy((chunk) => {
      hash.update(chunk)
      const before = held
      held = Buffer.from(chunk)
      return before && take(before)
    })
    if (hash.digest('hex') !== sha256) throw new Error(`the bytes fetched as ${sha256} are others`)
    if (held !== undefined) await take(held)
  }
  return { copy, close: () => bytes.close() }
}

function aborted(): AbortController {
  const controller = new AbortController()
  controller.abort()
  return controller
}
