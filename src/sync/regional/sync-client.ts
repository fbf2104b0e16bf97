import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database } from '../../db/engine/database.js'
import { countDeadLetters } from '../../db/regional/dead-letters.js'
import { outboxHead, readAcked } from '../../db/regional/outbox.js'
import { readWatermarks } from '../../db/regional/watermarks.js'
import type { Journal } from '../../domain/journal.js'
import type { Copies } from '../../domain/replicas.js'
import type { SyncStatus } from '../../domain/sync-status.js'
import type { Chance } from '../../lib/random.js'
import { pause, type Timers } from '../../lib/timers.js'
import type { Dial } from '../channel.js'
import { Applier, storedCursor } from './apply.js'
import { backOffMs } from './back-off.js'
import type { Bytes } from './blob-transfer.js'
import { OutboxQueue } from './outbox-queue.js'
import { type AdjustableClock, Session } from './session.js'

/** A link that ends sooner after its welcome is a failure like one that never stood: its end may come every time. */
const LASTING_MS = 1000

/** How often acknowledgements and watermarks are kept. */
const KEEP_MS = 250

export interface SyncOptions {
  server: string
  /** The way to the grand for changes. */
  dial: Dial
  /** Ends with this. */
  bytes: Bytes
  db: Database
  blobs: BlobStore
  journal: Journal
  copies: Copies
  clock: AdjustableClock
  timers: Timers
  chance: Chance
  logger: Logger
}

/** Keeps this regional in step with the sphere for as long as it runs, whatever happens to the link. */
export class SyncPlugin implements AsyncDisposable {
  readonly #options: SyncOptions
  readonly #queue: OutboxQueue
  readonly #applier: Applier
  readonly #stop = new AbortController()
  #session: Session | undefined
  #connected = false
  #welcomedAt = 0
  #detail: string | undefined = 'not connected yet'
  #head: number | null = null
  #inStepAt: number | null = null
  readonly #subscriptions: Disposable[] = []
  #running: Promise<void> | undefined

  constructor(options: SyncOptions) {
    const { db, blobs, journal, server, clock, logger } = options
    this.#options = options
    this.#queue = new OutboxQueue(db, blobs)
    this.#queue.reset(readAcked(db).oseq)
    this.#applier = new Applier({
      db,
      blobs,
      journal,
      server,
      now: () => clock.now(),
      onDeadLetter: (gseq, reason) =>
        logger.error({ gseq, reason }, 'a change could not be applied and is a dead letter'),
    })
  }

  /** Keeps in step from now on, until it is disposed of. */
  start(): this {
    const { db, journal, copies } = this.#options
    copies.joinSphere()
    for (const [name, gseq] of readWatermarks(db)) copies.setWatermark(name, gseq)
    this.#subscriptions.push(
      journal.outboxGrown.subscribe(() => this.#drain()),
      this.#bytes.progressed.subscribe(() => this.#session?.tellWatermark()),
    )
    this.#running = this.#run()
    return this
  }

  get #bytes(): Bytes {
    return this.#options.bytes
  }

  status(): SyncStatus {
    const { db, server, timers } = this.#options
    this.#notice()
    return {
      server,
      connected: this.#connected,
      queue_length: this.#queue.length,
      unacknowledged: outboxHead(db) - readAcked(db).oseq,
      applied_position: storedCursor(db)?.gseq ?? 0,
      log_head: this.#head,
      lag_seconds: this.#inStepAt === null ? null : Math.max(0, (timers.now() - this.#inStepAt) / 1000),
      dead_letters: countDeadLetters(db),
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
    }
  }

  /** Bytes that were here are missing: fetches them, and tells that they are not here. */
  look(): void {
    this.#bytes.look()
    this.#session?.tellWatermark()
  }

  /** Removes parts of transfers that nobody went on with since a time, milliseconds since 1970; returns how many. */
  sweepParts(beforeMs: number): Promise<number> {
    return this.#bytes.sweepParts(beforeMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
    await this.#running
    await this.#bytes[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    const { timers, chance } = this.#options
    for (let failures = 0; !signal.aborted; failures += 1) {
      await pause(timers, backOffMs(failures, chance.fraction()), signal)
      if (signal.aborted) return
      if (await this.#link(signal)) failures = 0
    }
  }

  /** One link from its beginning to its end; tells whether it was of use for a while. */
  async #link(signal: AbortSignal): Promise<boolean> {
    const { dial, timers } = this.#options
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    const events = {
      onFrame: (frame: Buffer) => this.#session?.receive(frame),
      onClose: (reason: string) => end(reason),
    }
    const channel = dial(events, (open) => {
      this.#session = new Session({ ...this.#parts(), onWelcome: (grand) => this.#welcomed(grand) }, open)
    })
    const stop = () => channel.close('this server stops')
    signal.addEventListener('abort', stop)
    const keeping = timers.every(KEEP_MS, () => this.#keep())
    const reason = await ended
    keeping.stop()
    signal.removeEventListener('abort', stop)
    const lasted = this.#connected && timers.now() - this.#welcomedAt >= LASTING_MS
    await this.#ended(reason)
    return lasted
  }

  #parts() {
    const { server, db, copies, clock, chance, logger } = this.#options
    return {
      server,
      db,
      copies,
      clock,
      chance,
      logger,
      queue: this.#queue,
      applier: this.#applier,
      bytes: this.#bytes,
    }
  }

  #welcomed(grand: string): void {
    this.#connected = true
    this.#welcomedAt = this.#options.timers.now()
    this.#detail = undefined
    this.#options.copies.setSource({ server: grand, offers: (sha256) => this.#bytes.isOffered(sha256) })
    this.#bytes.setConnected(true)
    this.#options.logger.info({ grand }, 'connected to the grand')
  }

  async #ended(reason: string): Promise<void> {
    const { logger, copies } = this.#options
    const level = this.#connected || this.#detail !== reason ? 'warn' : 'debug'
    if (!this.#stop.signal.aborted) logger[level]({ reason }, 'no link to the grand')
    this.#notice()
    this.#connected = false
    this.#detail = reason
    copies.setSource(undefined)
    this.#bytes.setConnected(false)
    const session = this.#session
    this.#session = undefined
    await session?.end().catch((err: unknown) => logger.error({ err }, 'the end of a link could not be kept'))
  }

  #keep(): void {
    this.#notice()
    this.#session
      ?.keep()
      .catch((err: unknown) => this.#options.logger.error({ err }, 'could not keep positions'))
  }

  #drain(): void {
    this.#queue.fill()
    this.#session?.drain()
  }

  /** Notes when this server last had everything that it knew of. */
  #notice(): void {
    this.#head = this.#session?.head ?? this.#head
    if (this.#session?.caughtUp) this.#inStepAt = this.#options.timers.now()
  }
}
