import type { Logger } from 'pino'
import type { Database, Tx } from '../../db/engine/database.js'
import { readMeta, writeMeta } from '../../db/meta.js'
import { acknowledge, appendOutbox, findOutboxId, outboxHead, readAcked } from '../../db/regional/outbox.js'
import { hasUnpublished, takeUnpublished } from '../../db/regional/unpublished.js'
import { writeWatermark } from '../../db/watermarks.js'
import type { Replicas } from '../../domain/replicas.js'
import type { Random } from '../../lib/random.js'
import { NO_HASH } from '../../log/change-log.js'
import { CHANGE_VERSION } from '../../model/change.js'
import { later, ZERO_STAMP } from '../../model/clock.js'
import type { Channel } from '../channel.js'
import {
  type Blob,
  type Cursor,
  decodeFromGrand,
  encodeFrame,
  type FromGrand,
  type FromRegional,
  listBlobs,
  type MessageOf,
  PROTOCOLS,
  WINDOW,
} from '../protocol.js'
import { type Applier, storedCursor } from './apply.js'
import type { OutboxQueue } from './outbox-queue.js'
import { advanceOutbox, beginAfterRestore, beginRefill, compareHistories, restampOutbox } from './recovery.js'

/** Above this difference this server follows the grand's clock. */
const MAX_SKEW_MS = 30_000

/** How far the saved confirmed time may be behind: writing it costs a commit. */
const CONFIRMED_PRECISION_MS = 60_000

/** Rows republished per unit of work, and queued changes above which republishing pauses. */
const REPUBLISH_BATCH = 500
const MAX_REPUBLISH_QUEUE = 2000

/** Log messages about diverging histories. */
const RECOVERY_MESSAGES = {
  'grand-lost-log':
    'the log of the grand was lost or replaced: reading it again, and republishing what it lacks',
  'we-lost-changes':
    'this database was restored from a backup: a new epoch begins, and its later changes are read from the grand',
}

/** The clock of all stamps on this server; the session corrects it by the grand's clock. */
export interface AdjustableClock {
  now(): number
  /** Time of the machine's clock, milliseconds since 1970. */
  machineNow(): number
  /** The time that the grand has confirmed, milliseconds since 1970. */
  confirmedNow(): number
  /** Sets by how many milliseconds `now` is ahead of the machine's clock. */
  setOffset(ms: number): void
  /** Takes the time of the grand's clock at the start of a session. */
  confirm(ms: number): void
  /** Takes the time that was confirmed before this process started. */
  restore(ms: number): void
  /** The session has ended. */
  unlink(): void
}

/** Blob transfers over HTTPS, as a session uses them. */
export interface SessionTransfer {
  /** Sends blobs that the grand requests. */
  push(sha256s: string[]): void
  /** Fetches missing blobs that the grand offers. */
  offered(sha256s: string[]): void
  /** Looks for newly missing blobs. */
  refresh(): void
  /** Returns the log position, at most `cursor`, up to which every blob is stored here. */
  watermark(cursor: number): number
}

export interface RegionalSessionDeps {
  server: string
  db: Database
  queue: OutboxQueue
  applier: Applier
  replicas: Replicas
  transfer: SessionTransfer
  clock: AdjustableClock
  /** The highest stamp of this server when its process started. */
  startedAt: string
  random: Random
  logger: Logger
  /** Called after the handshake. @param grand the grand's name */
  onWelcome(grand: string): void
}

/** The regional's end of a session with the grand, on top of a channel. */
export class RegionalSession {
  readonly #deps: RegionalSessionDeps
  readonly #channel: Channel
  #cursor: Cursor | undefined
  #head = 0
  /** The last `oseq` of each batch in flight, oldest first. */
  #inFlight: number[] = []
  #acked = 0
  /** Watermarks of other servers that are not saved yet. */
  readonly #unsavedWatermarks = new Map<string, number>()
  #sentWatermark = -1
  #savedTimeMs = 0
  #applying: Promise<void> = Promise.resolve()
  #isOpen = false
  #republishing = false

  constructor(deps: RegionalSessionDeps, channel: Channel) {
    this.#deps = deps
    this.#channel = channel
  }

  /** Sends the hello. */
  start(): this {
    const { server, db, clock } = this.#deps
    this.#send({
      type: 'hello',
      protocols: [...PROTOCOLS],
      server,
      epoch: readMeta(db, 'epoch') as string,
      head: outboxHead(db),
      cursor: storedCursor(db),
      time: clock.machineNow(),
      changes: CHANGE_VERSION,
    })
    return this
  }

  /** The head of the log as last reported by the grand. */
  get head(): number {
    return this.#head
  }

  /** Whether all entries up to `head` are applied. */
  get caughtUp(): boolean {
    return this.#isOpen && (this.#cursor?.gseq ?? 0) >= this.#head
  }

  /** Handles a frame. @throws ProtocolError */
  receive(frame: Buffer): void {
    const { message, blobs } = decodeFromGrand(frame)
    this.#handle(message, blobs)
  }

  /** Sends queued changes as far as the window allows. */
  drain(): void {
    if (!this.#isOpen) return
    while (this.#inFlight.length < WINDOW) {
      const batch = this.#deps.queue.take()
      if (batch === undefined) break
      this.#inFlight.push(batch.last)
      this.#send({ type: 'changes', changes: batch.changes, blobs: listBlobs(batch.blobs) }, batch.blobs)
    }
  }

  /** Sends this server's watermark if it has changed. */
  sendWatermark(): void {
    if (!this.#isOpen || this.#cursor === undefined) return
    const gseq = this.#deps.transfer.watermark(this.#cursor.gseq)
    if (gseq === this.#sentWatermark) return
    this.#sentWatermark = gseq
    this.#send({ type: 'watermark', server: this.#deps.server, gseq })
  }

  /** Ends the session of a closed channel: waits for messages being handled, then saves the progress. */
  async end(): Promise<void> {
    this.#isOpen = false
    await this.#applying
    this.#deps.clock.unlink()
    await this.save(0)
  }

  /**
   * Saves acknowledgements, watermarks and the confirmed time. Called at intervals: after a crash, changes sent again do no
   * harm, and each session receives all watermarks.
   * @param precisionMs by how much the saved time may be behind
   */
  async save(precisionMs = CONFIRMED_PRECISION_MS): Promise<void> {
    const { db, queue, clock } = this.#deps
    const oseq = this.#acked
    const confirmedMs = clock.confirmedNow()
    const watermarks = [...this.#unsavedWatermarks]
    this.#unsavedWatermarks.clear()
    const isTimeDue = confirmedMs > this.#savedTimeMs + precisionMs
    if (oseq <= readAcked(db).oseq && watermarks.length === 0 && !isTimeDue) return
    this.#savedTimeMs = confirmedMs
    await db.write((tx) => {
      if (confirmedMs > 0) writeMeta(tx, 'confirmed', String(confirmedMs))
      const id = findOutboxId(tx, oseq)
      if (id !== undefined) {
        acknowledge(tx, { oseq, id })
        // New stamps must exceed those of logged changes, even before they are read back from the log.
        writeMeta(tx, 'log_clock', later(readMeta(tx, 'log_clock') ?? ZERO_STAMP, queue.loggedClock))
      }
      for (const [server, gseq] of watermarks) writeWatermark(tx, server, gseq)
    })
  }

  #handle(message: FromGrand, blobs: Blob[]): void {
    const { transfer } = this.#deps
    const handlers: { [Type in FromGrand['type']]: (message: MessageOf<Type> & FromGrand) => void } = {
      welcome: (welcome) => this.#enqueue(() => this.#handleWelcome(welcome)),
      entries: (entries) => {
        this.#head = Math.max(this.#head, entries.head)
        this.#enqueue(() => this.#handleEntries(entries, blobs))
      },
      ack: ({ oseq }) => this.#handleAck(oseq),
      refused: (refusal) => this.#enqueue(() => this.#handleRefusal(refusal)),
      watermark: ({ server, gseq }) => this.#setWatermark(server, gseq),
      want: (want) => transfer.push(want.blobs),
      // Queued behind earlier entries, whose blobs become missing only when they are applied.
      offer: (offer) => this.#enqueue(async () => transfer.offered(offer.blobs)),
    }
    handlers[message.type](message as never)
  }

  /** Handles messages in order. A failure ends the session; the next one resumes from the durable state. */
  #enqueue(handle: () => Promise<void>): void {
    this.#applying = this.#applying.then(handle).catch((error: Error) => {
      this.#deps.logger.error({ err: error }, 'sync step failed')
      this.#channel.close(error.message)
    })
  }

  async #handleWelcome(welcome: MessageOf<'welcome'>): Promise<void> {
    const { db, logger, replicas, queue, transfer, clock, random } = this.#deps
    const verdict = compareHistories(db, welcome)
    if (verdict !== 'in-step') {
      logger.warn(
        { verdict, seen: welcome.seen, acked: readAcked(db), log_id: welcome.log_id },
        RECOVERY_MESSAGES[verdict],
      )
      replicas.clearWatermarks()
      await db.write((tx) =>
        verdict === 'grand-lost-log' ? beginRefill(tx, random) : beginAfterRestore(tx, random),
      )
      return this.#channel.close(verdict)
    }
    const behindMs = welcome.time - clock.now()
    const skew = welcome.time - clock.machineNow()
    clock.setOffset(Math.abs(skew) > MAX_SKEW_MS ? skew : 0)
    clock.confirm(welcome.time)
    if (welcome.changes !== CHANGE_VERSION)
      logger.info(
        { grand: welcome.changes, here: CHANGE_VERSION },
        'the grand supports another version of changes',
      )
    this.#head = welcome.head
    this.#cursor = storedCursor(db) ?? { log_id: welcome.log_id, gseq: 0, ghash: NO_HASH }
    for (const [server, gseq] of Object.entries(welcome.watermarks)) this.#setWatermark(server, gseq)
    queue.reset(welcome.seen?.oseq ?? 0)
    this.#acked = welcome.seen?.oseq ?? 0
    await this.save()
    if (behindMs > MAX_SKEW_MS && (await this.#advanceStamps(behindMs, welcome.time)))
      return this.#channel.close('the clock was behind')
    this.#isOpen = true
    this.#deps.onWelcome(welcome.server)
    this.#send({ type: 'follow', after: this.#cursor.gseq })
    this.drain()
    this.sendWatermark()
    transfer.refresh()
    await this.#republish()
  }

  async #handleEntries(message: MessageOf<'entries'>, blobs: Blob[]): Promise<void> {
    if (this.#cursor === undefined) return
    this.#cursor = await this.#deps.applier.apply(message.entries, blobs, this.#cursor)
    this.#send({ type: 'applied', gseq: this.#cursor.gseq })
    this.#deps.replicas.notifyWaiters()
    this.#deps.transfer.refresh()
    this.sendWatermark()
    await this.#republish()
  }

  #handleAck(oseq: number): void {
    if (!this.#isOpen) return
    this.#inFlight = this.#inFlight.filter((last) => last > oseq)
    this.#acked = Math.max(this.#acked, oseq)
    this.#deps.queue.acknowledge(oseq)
    this.drain()
    if (this.#republishing) this.#enqueue(() => this.#republish())
  }

  async #handleRefusal(message: MessageOf<'refused'>): Promise<void> {
    const { clock, logger, server, random } = this.#deps
    const { code, oseq, reason } = message
    if (code === 'replaced')
      logger.warn({ reason }, 'two servers share this name: the grand keeps the newest session')
    else logger.error({ code, oseq, reason }, 'refused by the grand')
    this.#isOpen = false
    if (code === 'future-stamp') {
      clock.setOffset(message.time - clock.machineNow())
      await this.save()
      await this.#replaceStamps((tx) => restampOutbox(tx, server, message.time, random))
    }
    this.#channel.close(`refused: ${code}`)
  }

  /** Corrects the stamps of changes that this process made while its clock was behind. @returns whether there were any */
  #advanceStamps(behindMs: number, nowMs: number): Promise<boolean> {
    const { server, startedAt: since, random } = this.#deps
    return this.#replaceStamps((tx) => advanceOutbox(tx, server, { since, behindMs, nowMs }, random))
  }

  async #replaceStamps(replace: (tx: Tx) => Map<string, string>): Promise<boolean> {
    const { db, logger } = this.#deps
    const renewed = await db.write(replace)
    if (renewed.size === 0) return false
    // Counts in the epoch that has just begun.
    this.#acked = 0
    logger.warn({ stamps: renewed.size }, 'changes were stamped again by the clock of the grand')
    logger.debug({ renewed }, 'the new stamps')
    return true
  }

  #setWatermark(server: string, gseq: number): void {
    if (server === this.#deps.server) return
    this.#unsavedWatermarks.set(server, gseq)
    this.#deps.replicas.setWatermark(server, gseq)
  }

  /** Once the whole log is applied, republishes the rows that it lacks, in batches as the grand acknowledges them. */
  async #republish(): Promise<void> {
    const { db, queue, server, random } = this.#deps
    this.#republishing = this.caughtUp && hasUnpublished(db)
    while (this.#republishing && queue.length < MAX_REPUBLISH_QUEUE) {
      await db.write((tx) => {
        for (const fact of takeUnpublished(tx, REPUBLISH_BATCH)) appendOutbox(tx, server, fact, random)
      })
      queue.fill()
      this.drain()
      this.#republishing = hasUnpublished(db)
    }
  }

  #send(message: FromRegional, blobs: Blob[] = []): void {
    this.#channel.send(encodeFrame(message, blobs))
  }
}
