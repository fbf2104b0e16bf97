import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database } from '../../db/engine/database.js'
import { countDeadLetters } from '../../db/regional/dead-letters.js'
import { outboxHead, readAcked } from '../../db/regional/outbox.js'
import { readWatermarks } from '../../db/regional/watermarks.js'
import type { Journal } from '../../domain/journal.js'
import type { Replicas } from '../../domain/replicas.js'
import type { SyncStatus } from '../../domain/sync-status.js'
import type { Random } from '../../lib/random.js'
import { pause, type Timers } from '../../lib/timers.js'
import type { Dial } from '../channel.js'
import { Applier, storedCursor } from './apply.js'
import { backOffMs } from './back-off.js'
import type { BlobTransfer } from './blob-transfer.js'
import { OutboxQueue } from './outbox-queue.js'
import { type AdjustableClock, RegionalSession } from './session.js'

/** A link that ends sooner after its welcome is a failure like one that never stood: its end may come every time. */
const LASTING_MS = 1000

/** How often acknowledgements and watermarks are kept. */
const KEEP_MS = 250

export interface SyncClientDeps {
  server: string
  /** The way to the grand for changes. */
  dial: Dial
  /** Ends with this. */
  transfer: BlobTransfer
  db: Database
  blobs: BlobStore
  journal: Journal
  replicas: Replicas
  clock: AdjustableClock
  timers: Timers
  random: Random
  logger: Logger
}

/** Keeps this regional in step with the sphere for as long as it runs, whatever happens to the link. */
export class SyncClient implements AsyncDisposable {
  readonly #deps: SyncClientDeps
  readonly #queue: OutboxQueue
  readonly #applier: Applier
  readonly #stop = new AbortController()
  #session: RegionalSession | undefined
  #connected = false
  #welcomedAt = 0
  #detail: string | undefined = 'not connected yet'
  #head: number | null = null
  #inStepAt: number | null = null
  readonly #subscriptions: Disposable[] = []
  #running: Promise<void> | undefined

  constructor(options: SyncClientDeps) {
    const { db, blobs, journal, server, clock, logger } = options
    this.#deps = options
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
    const { db, journal, replicas } = this.#deps
    replicas.joinSphere()
    for (const [name, gseq] of readWatermarks(db)) replicas.setWatermark(name, gseq)
    this.#subscriptions.push(
      journal.outboxGrown.subscribe(() => this.#drain()),
      this.#transfer.progressed.subscribe(() => this.#session?.sendWatermark()),
    )
    this.#running = this.#run()
    return this
  }

  get #transfer(): BlobTransfer {
    return this.#deps.transfer
  }

  status(): SyncStatus {
    const { db, server, timers } = this.#deps
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
  refresh(): void {
    this.#transfer.refresh()
    this.#session?.sendWatermark()
  }

  /** Removes parts of transfers that nobody went on with since a time, milliseconds since 1970; returns how many. */
  removeAbandonedParts(beforeMs: number): Promise<number> {
    return this.#transfer.removeAbandonedParts(beforeMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
    await this.#running
    await this.#transfer[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    const { timers, random } = this.#deps
    for (let failures = 0; !signal.aborted; failures += 1) {
      await pause(timers, backOffMs(failures, random.fraction()), signal)
      if (signal.aborted) return
      if (await this.#connectOnce(signal)) failures = 0
    }
  }

  /** One link from its beginning to its end; tells whether it was of use for a while. */
  async #connectOnce(signal: AbortSignal): Promise<boolean> {
    const { dial, timers } = this.#deps
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    const events = {
      onFrame: (frame: Buffer) => this.#session?.receive(frame),
      onClose: (reason: string) => end(reason),
    }
    const channel = dial(events, (open) => {
      this.#session = new RegionalSession(
        { ...this.#parts(), onWelcome: (grand) => this.#welcomed(grand) },
        open,
      )
    })
    const stop = () => channel.close('this server stops')
    signal.addEventListener('abort', stop)
    const keeping = timers.every(KEEP_MS, () => this.#saveWatermarks())
    const reason = await ended
    keeping.stop()
    signal.removeEventListener('abort', stop)
    const lasted = this.#connected && timers.now() - this.#welcomedAt >= LASTING_MS
    await this.#ended(reason)
    return lasted
  }

  #parts() {
    const { server, db, replicas, clock, random, logger } = this.#deps
    return {
      server,
      db,
      replicas,
      clock,
      random,
      logger,
      queue: this.#queue,
      applier: this.#applier,
      transfer: this.#transfer,
    }
  }

  #welcomed(grand: string): void {
    this.#connected = true
    this.#welcomedAt = this.#deps.timers.now()
    this.#detail = undefined
    this.#deps.replicas.setSource({ server: grand, offers: (sha256) => this.#transfer.isOffered(sha256) })
    this.#transfer.setConnected(true)
    this.#deps.logger.info({ grand }, 'connected to the grand')
  }

  async #ended(reason: string): Promise<void> {
    const { logger, replicas } = this.#deps
    const level = this.#connected || this.#detail !== reason ? 'warn' : 'debug'
    if (!this.#stop.signal.aborted) logger[level]({ reason }, 'no link to the grand')
    this.#notice()
    this.#connected = false
    this.#detail = reason
    replicas.setSource(undefined)
    this.#transfer.setConnected(false)
    const session = this.#session
    this.#session = undefined
    await session?.end().catch((err: unknown) => logger.error({ err }, 'the end of a link could not be kept'))
  }

  #saveWatermarks(): void {
    this.#notice()
    this.#session
      ?.keep()
      .catch((err: unknown) => this.#deps.logger.error({ err }, 'could not keep positions'))
  }

  #drain(): void {
    this.#queue.fill()
    this.#session?.drain()
  }

  /** Notes when this server last had everything that it knew of. */
  #notice(): void {
    this.#head = this.#session?.head ?? this.#head
    if (this.#session?.caughtUp) this.#inStepAt = this.#deps.timers.now()
  }
}
