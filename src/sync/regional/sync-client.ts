import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database } from '../../db/engine/database.js'
import { readClock, readMeta } from '../../db/meta.js'
import { countDeadLetters } from '../../db/regional/dead-letters.js'
import { outboxHead, readAcked } from '../../db/regional/outbox.js'
import { readWatermarks } from '../../db/watermarks.js'
import type { Journal } from '../../domain/journal.js'
import type { Replicas } from '../../domain/replicas.js'
import type { SyncStatus } from '../../domain/sync-status.js'
import type { Random } from '../../lib/random.js'
import { pause, type Timers } from '../../lib/timers.js'
import { ZERO_STAMP } from '../../model/clock.js'
import type { Dial } from '../channel.js'
import { Applier, storedCursor } from './apply.js'
import { backOffMs } from './back-off.js'
import type { BlobTransfer } from './blob-transfer.js'
import { OutboxQueue } from './outbox-queue.js'
import { type AdjustableClock, RegionalSession } from './session.js'

/** A session that ends sooner after its welcome counts as a failure, so that repeated ones back off. */
const MIN_SESSION_MS = 1000

/** Interval of saving acknowledgements and watermarks. */
const SAVE_INTERVAL_MS = 250

export interface SyncClientDeps {
  server: string
  /** Opens the channel for changes to the grand. */
  dial: Dial
  /** Disposed of with the client. */
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

/** Keeps this regional in step with the sphere: opens sessions with the grand, and reconnects whenever one ends. */
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
  #caughtUpAt: number | null = null
  readonly #subscriptions: Disposable[] = []
  #running: Promise<void> | undefined
  #startedAt = ZERO_STAMP

  constructor(deps: SyncClientDeps) {
    const { db, blobs, journal, server, clock, logger } = deps
    this.#deps = deps
    this.#queue = new OutboxQueue({ db, blobs })
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

  /** Connects, and reconnects until disposed of. */
  start(): this {
    const { db, journal, replicas, clock } = this.#deps
    const confirmed = readMeta(db, 'confirmed')
    if (confirmed !== undefined) {
      clock.restore(Number(confirmed))
      this.#startedAt = readClock(db)
    }
    this.#queue.reset(readAcked(db).oseq)
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
    this.#updateLag()
    return {
      server,
      connected: this.#connected,
      queue_length: this.#queue.length,
      unacknowledged: outboxHead(db) - readAcked(db).oseq,
      applied_position: storedCursor(db)?.gseq ?? 0,
      log_head: this.#head,
      lag_seconds: this.#caughtUpAt === null ? null : Math.max(0, (timers.now() - this.#caughtUpAt) / 1000),
      dead_letters: countDeadLetters(db),
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
    }
  }

  /** Fetches blobs that were lost here, and sends the lower watermark. */
  refresh(): void {
    this.#transfer.refresh()
    this.#session?.sendWatermark()
  }

  /** Removes incomplete blobs last written before a time, milliseconds since 1970. @returns how many */
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
      if (await this.#runSession(signal)) failures = 0
    }
  }

  /** Runs one session to its end. @returns whether it lasted */
  async #runSession(signal: AbortSignal): Promise<boolean> {
    const { dial, timers } = this.#deps
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    const events = {
      onFrame: (frame: Buffer) => this.#session?.receive(frame),
      onClose: (reason: string) => end(reason),
    }
    const channel = dial(events, (open) => {
      this.#session = new RegionalSession(
        { ...this.#sessionDeps(), onWelcome: (grand) => this.#welcomed(grand) },
        open,
      ).start()
    })
    const stop = () => channel.close('this server stops')
    signal.addEventListener('abort', stop)
    const saving = timers.every(SAVE_INTERVAL_MS, () => this.#saveProgress())
    const reason = await ended
    saving.stop()
    signal.removeEventListener('abort', stop)
    const lasted = this.#connected && timers.now() - this.#welcomedAt >= MIN_SESSION_MS
    await this.#ended(reason)
    return lasted
  }

  #sessionDeps() {
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
      startedAt: this.#startedAt,
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
    this.#updateLag()
    this.#connected = false
    this.#detail = reason
    replicas.setSource(undefined)
    this.#transfer.setConnected(false)
    const session = this.#session
    this.#session = undefined
    await session
      ?.end()
      .catch((err: unknown) => logger.error({ err }, 'the last positions of a session could not be saved'))
  }

  #saveProgress(): void {
    this.#updateLag()
    this.#session
      ?.save()
      .catch((err: unknown) => this.#deps.logger.error({ err }, 'positions could not be saved'))
  }

  #drain(): void {
    this.#queue.fill()
    this.#session?.drain()
  }

  /** Records when this server was last caught up. */
  #updateLag(): void {
    this.#head = this.#session?.head ?? this.#head
    if (this.#session?.caughtUp) this.#caughtUpAt = this.#deps.timers.now()
  }
}
