import type { Logger } from 'pino'
import type { Database } from '../../db/engine/database.js'
import { readMeta, writeMeta } from '../../db/meta.js'
import { acknowledge, appendOutbox, findOutboxId, outboxHead, readAcked } from '../../db/regional/outbox.js'
import { hasUnpublished, takeUnpublished } from '../../db/regional/unpublished.js'
import { writeWatermark } from '../../db/regional/watermarks.js'
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
import { beginAfterRestore, beginRefill, compareHistories, restampOutbox } from './recovery.js'

/** Above this difference the grand's clock goes before this server's. */
const MAX_SKEW_MS = 30_000

/** Rows republished in one unit of work, and changes that may wait in the outbox before more are. */
const REPUBLISH_BATCH = 500
const REPUBLISH_AHEAD = 2000

/** What is done about histories that do not fit, for the log. */
const RECOVERY = {
  'grand-lost-log': 'the log of the grand is not the one known here: it is read anew, and told what it lacks',
  'we-lost-changes':
    'the grand knows changes of ours that are not here: a new epoch begins, and they come back',
}

/** The clock that everything here is stamped by; the grand sets it right when it is far off. */
export interface AdjustableClock {
  now(): number
  /** Milliseconds that the machine's own clock says. */
  machineNow(): number
  /** Makes `now` say so many milliseconds more than the machine's own clock. */
  setOffset(ms: number): void
}

/** Moves bytes over HTTPS. */
export interface SessionTransfer {
  /** The grand asks for these. */
  push(sha256s: string[]): void
  /** The grand has these, or gets them now. */
  offered(sha256s: string[]): void
  /** There may be more missing here than before. */
  refresh(): void
  /** Up to which entry of the log all bytes are here. */
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
  random: Random
  logger: Logger
  /** The grand, by its name, welcomed us. */
  onWelcome(grand: string): void
}

/** One link to the grand, from hello to its end: what is said on it, and nothing of how it is carried. */
export class RegionalSession {
  readonly #deps: RegionalSessionDeps
  readonly #channel: Channel
  #cursor: Cursor | undefined
  #head = 0
  /** The last `oseq` of each batch that is under way, oldest first. */
  #inFlight: number[] = []
  #acked = 0
  /** Watermarks of others that are not kept yet. */
  readonly #watermarks = new Map<string, number>()
  #sentWatermark = -1
  #applying: Promise<void> = Promise.resolve()
  #open = false
  #republishing = false

  constructor(options: RegionalSessionDeps, channel: Channel) {
    this.#deps = options
    this.#channel = channel
    this.#send({
      type: 'hello',
      protocols: [...PROTOCOLS],
      server: options.server,
      epoch: readMeta(options.db, 'epoch') as string,
      head: outboxHead(options.db),
      cursor: storedCursor(options.db),
      time: options.clock.machineNow(),
      changes: CHANGE_VERSION,
    })
  }

  /** Newest entry that the grand has told of. */
  get head(): number {
    return this.#head
  }

  /** Whether everything that the grand has told of is applied. */
  get caughtUp(): boolean {
    return this.#open && (this.#cursor?.gseq ?? 0) >= this.#head
  }

  /** Takes a frame of the grand. @throws ProtocolError */
  receive(frame: Buffer): void {
    const { message, blobs } = decodeFromGrand(frame)
    this.#handle(message, blobs)
  }

  /** There may be more in the outbox: sends what the window allows. */
  drain(): void {
    if (!this.#open) return
    while (this.#inFlight.length < WINDOW) {
      const batch = this.#deps.queue.take()
      if (batch === undefined) break
      this.#inFlight.push(batch.last)
      this.#send({ type: 'changes', changes: batch.changes, blobs: listBlobs(batch.blobs) }, batch.blobs)
    }
  }

  /** Tells the grand, and so the others, up to where the bytes are here. */
  sendWatermark(): void {
    if (!this.#open || this.#cursor === undefined) return
    const gseq = this.#deps.transfer.watermark(this.#cursor.gseq)
    if (gseq === this.#sentWatermark) return
    this.#sentWatermark = gseq
    this.#send({ type: 'watermark', server: this.#deps.server, gseq })
  }

  /** The link has ended: waits for what is being applied, and keeps what was learnt. */
  async end(): Promise<void> {
    this.#open = false
    await this.#applying
    await this.keep()
  }

  /**
   * Keeps what the grand has acknowledged and what others hold. Done now and then and not each time: sending a change
   * again does no harm, and watermarks are told anew on each link.
   */
  async keep(): Promise<void> {
    const { db, queue } = this.#deps
    const oseq = this.#acked
    const watermarks = [...this.#watermarks]
    this.#watermarks.clear()
    if (oseq <= readAcked(db).oseq && watermarks.length === 0) return
    await db.write((tx) => {
      const id = findOutboxId(tx, oseq)
      if (id !== undefined) {
        acknowledge(tx, { oseq, id })
        // What the log has goes before what is stamped from now on, also while it is not read from there yet.
        writeMeta(tx, 'log_clock', later(readMeta(tx, 'log_clock') ?? ZERO_STAMP, queue.loggedClock))
      }
      for (const [server, gseq] of watermarks) writeWatermark(tx, server, gseq)
    })
  }

  #handle(message: FromGrand, blobs: Blob[]): void {
    const { transfer } = this.#deps
    const handlers: { [Type in FromGrand['type']]: (message: MessageOf<Type> & FromGrand) => void } = {
      welcome: (welcome) => this.#then(() => this.#welcome(welcome)),
      entries: (entries) => {
        this.#head = Math.max(this.#head, entries.head)
        this.#then(() => this.#entries(entries, blobs))
      },
      ack: ({ oseq }) => this.#acknowledged(oseq),
      refused: (refusal) => this.#then(() => this.#refused(refusal)),
      watermark: ({ server, gseq }) => this.#watermarkOf(server, gseq),
      want: (want) => transfer.push(want.blobs),
      // Behind the entries that came before: what they name is not known to be missing yet.
      offer: (offer) => this.#then(async () => transfer.offered(offer.blobs)),
    }
    handlers[message.type](message as never)
  }

  /** Handles messages one after the other; a failure ends the link, which begins anew from what is durable. */
  #then(step: () => Promise<void>): void {
    this.#applying = this.#applying.then(step).catch((error: Error) => {
      this.#deps.logger.error({ err: error }, 'sync step failed')
      this.#channel.close(error.message)
    })
  }

  async #welcome(welcome: MessageOf<'welcome'>): Promise<void> {
    const { db, logger, replicas, queue, transfer, clock, random } = this.#deps
    const verdict = compareHistories(db, welcome)
    if (verdict !== 'in-step') {
      logger.warn(
        { verdict, seen: welcome.seen, acked: readAcked(db), log_id: welcome.log_id },
        RECOVERY[verdict],
      )
      replicas.clearWatermarks()
      await db.write((tx) =>
        verdict === 'grand-lost-log' ? beginRefill(tx, random) : beginAfterRestore(tx, random),
      )
      return this.#channel.close(verdict)
    }
    const skew = welcome.time - clock.machineNow()
    clock.setOffset(Math.abs(skew) > MAX_SKEW_MS ? skew : 0)
    if (welcome.changes !== CHANGE_VERSION)
      logger.info(
        { grand: welcome.changes, here: CHANGE_VERSION },
        'the grand knows another version of changes',
      )
    this.#head = welcome.head
    this.#cursor = storedCursor(db) ?? { log_id: welcome.log_id, gseq: 0, ghash: NO_HASH }
    for (const [server, gseq] of Object.entries(welcome.watermarks)) this.#watermarkOf(server, gseq)
    queue.reset(welcome.seen?.oseq ?? 0)
    this.#acked = welcome.seen?.oseq ?? 0
    await this.keep()
    this.#open = true
    this.#deps.onWelcome(welcome.server)
    this.#send({ type: 'follow', after: this.#cursor.gseq })
    this.drain()
    this.sendWatermark()
    transfer.refresh()
    await this.#republish()
  }

  async #entries(message: MessageOf<'entries'>, blobs: Blob[]): Promise<void> {
    if (this.#cursor === undefined) return
    this.#cursor = await this.#deps.applier.apply(message.entries, blobs, this.#cursor)
    this.#send({ type: 'applied', gseq: this.#cursor.gseq })
    this.#deps.replicas.notifyWaiters()
    this.#deps.transfer.refresh()
    this.sendWatermark()
    await this.#republish()
  }

  #acknowledged(oseq: number): void {
    if (!this.#open) return
    this.#inFlight = this.#inFlight.filter((last) => last > oseq)
    this.#acked = Math.max(this.#acked, oseq)
    this.#deps.queue.acknowledge(oseq)
    this.drain()
    if (this.#republishing) this.#then(() => this.#republish())
  }

  async #refused(message: MessageOf<'refused'>): Promise<void> {
    const { db, clock, logger, server, random } = this.#deps
    const { code, oseq, reason } = message
    if (code === 'replaced')
      logger.warn({ reason }, 'two servers bear this name: the grand takes the one that came last')
    else logger.error({ code, oseq, reason }, 'refused by the grand')
    this.#open = false
    if (code === 'future-stamp') {
      clock.setOffset(message.time - clock.machineNow())
      await this.keep()
      const renewed = await db.write((tx) => restampOutbox(tx, server, message.time, random))
      // Of the epoch that has just begun.
      this.#acked = 0
      logger.warn({ stamps: renewed.size }, 'stamped anew by the clock of the grand')
      logger.debug({ renewed }, 'the new stamps')
    }
    this.#channel.close(`refused: ${code}`)
  }

  #watermarkOf(server: string, gseq: number): void {
    if (server === this.#deps.server) return
    this.#watermarks.set(server, gseq)
    this.#deps.replicas.setWatermark(server, gseq)
  }

  /** Once the log is read to its end, tells the rows again that it lacks; a few at a time, as the grand takes them. */
  async #republish(): Promise<void> {
    const { db, queue, server, random } = this.#deps
    this.#republishing = this.caughtUp && hasUnpublished(db)
    while (this.#republishing && queue.length < REPUBLISH_AHEAD) {
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
