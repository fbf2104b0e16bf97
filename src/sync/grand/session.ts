import { type ChangeLog, LogGapError } from '../../log/change-log.js'
import { blobOf, CHANGE_VERSION } from '../../model/change.js'
import { millisecondsOf } from '../../model/clock.js'
import type { Channel } from '../channel.js'
import {
  type Blob,
  decodeFromRegional,
  encodeFrame,
  type FromGrand,
  type FromRegional,
  MAX_CLOCK_AHEAD_MS,
  MAX_HASHES,
  type MessageOf,
  WINDOW,
} from '../protocol.js'
import { checkChanges, type Fault, faultOfBlobs } from './check-changes.js'
import { faultOfHello, isPositionIn, protocolOf } from './handshake.js'
import type { Ingest } from './ingest.js'
import type { Pages } from './pages.js'
import type { Watermarks } from './watermarks.js'

/** What a link needs of the grand, and tells it. */
export interface SessionHost {
  /** The grand's own name. */
  readonly server: string
  readonly log: ChangeLog
  readonly pages: Pages
  readonly ingest: Ingest
  readonly watermarks: Watermarks
  now(): number
  /** The regional has said who it is: an older link of it ends. */
  sessionOpened(link: GrandSession): void
  /** The regional has said from where to read. */
  sessionFollows(link: GrandSession): void
  /** The link may take more entries than a moment ago. */
  windowOpened(link: GrandSession): void
  /** The log has `count` entries more from this link. */
  changesAppended(link: GrandSession, count: number): void
  /** Bytes that others may lack are here. */
  offer(sha256s: string[], from: GrandSession): void
  changeRefused(link: GrandSession, fault: Fault): void
  ingestFailed(link: GrandSession, error: unknown): void
}

/** The state of a link as the operator sees it. */
export interface SessionStatus {
  server: string
  since: string
  /** The last entry that was sent to it, and that it has applied. */
  sent: number
  applied: number
  /** Entries of the log that it has not applied. */
  lag: number
}

/** One regional's link, from its hello to its end: what is said on it, and nothing of how it is carried. */
export class GrandSession {
  /** The name in the certificate. */
  readonly server: string
  readonly #host: SessionHost
  readonly #channel: Channel
  readonly #ended = new AbortController()
  readonly #since: number
  #epoch: string | undefined
  #follows = false
  #position = 0
  #applied = 0
  /** The last entry of each page that is sent and not applied, oldest first. */
  #unacknowledged: number[] = []
  #pending = 0
  #ingesting: Promise<void> = Promise.resolve()
  /** The change that was refused for its stamp: what was sent behind it is passed over until it comes again. */
  #awaitedOseq: number | undefined

  constructor(host: SessionHost, server: string, channel: Channel) {
    this.#host = host
    this.server = server
    this.#channel = channel
    this.#since = host.now()
  }

  /** Where the regional is. */
  get address(): string | undefined {
    return this.#channel.address
  }

  get saidHello(): boolean {
    return this.#epoch !== undefined
  }

  /** Whether the regional reads the log. */
  get follows(): boolean {
    return this.#follows && !this.#ended.signal.aborted
  }

  /** Takes a frame of the regional. Never throws: what is not allowed ends the link. */
  receive(frame: Buffer): void {
    if (this.#ended.signal.aborted) return
    try {
      const { message, blobs } = decodeFromRegional(frame)
      this.#handle(message, blobs)
    } catch (error) {
      this.refuse({ code: 'protocol', reason: (error as Error).message, oseq: null })
    }
  }

  /** The channel is closed. Resolves when nothing of this link is under way any more. */
  async end(): Promise<void> {
    this.#ended.abort()
    await this.#ingesting
  }

  /** Ends the link. */
  close(reason: string): void {
    this.#ended.abort()
    this.#channel.close(reason)
  }

  /** Says why the grand does not take something; ends the link, but for a stamp that can be mended. */
  refuse(fault: Fault): void {
    if (this.#ended.signal.aborted) return
    this.#host.changeRefused(this, fault)
    const { code, oseq } = fault
    this.sendMessage({
      type: 'refused',
      code,
      reason: fault.reason.slice(0, 500),
      oseq,
      time: this.#host.now(),
    })
    if (code !== 'future-stamp') this.close(fault.reason)
  }

  /**
   * A newer link bears the same name. Whoever lost this one without a word hears nothing of it; whoever hears it is another
   * server than the newer one.
   */
  replace(newer: GrandSession): void {
    if (this.#ended.signal.aborted) return
    const reason = `another connection came under the name ${this.server}, from ${newer.address ?? 'nobody knows where'}`
    this.sendMessage({ type: 'refused', code: 'replaced', reason, oseq: null, time: this.#host.now() })
    this.close('replaced by a newer link')
  }

  sendMessage(message: FromGrand): void {
    this.send(encodeFrame(message))
  }

  /** Sends a frame that is encoded already. */
  send(frame: Buffer): void {
    this.#channel.send(frame)
  }

  /** Asks for bytes. */
  want(sha256s: string[]): void {
    for (let from = 0; from < sha256s.length; from += MAX_HASHES) {
      this.sendMessage({ type: 'want', blobs: sha256s.slice(from, from + MAX_HASHES) })
    }
  }

  /** Sends the next page if the window allows; tells whether another could follow at once. */
  pump(): boolean {
    if (!this.follows || this.#epoch === undefined || this.#unacknowledged.length >= WINDOW) return false
    const page = this.#host.pages.next(this.#position, { server: this.server, epoch: this.#epoch })
    if (page === undefined) return false
    this.send(page.frame)
    this.#position = page.last
    this.#unacknowledged.push(page.last)
    return this.#unacknowledged.length < WINDOW
  }

  status(): SessionStatus {
    return {
      server: this.server,
      since: new Date(this.#since).toISOString(),
      sent: this.#position,
      applied: this.#applied,
      lag: this.#host.log.head().gseq - this.#applied,
    }
  }

  #handle(message: FromRegional, blobs: Blob[]): void {
    const breach = this.#violationOf(message)
    if (breach !== undefined) this.refuse({ code: 'protocol', reason: breach, oseq: null })
    else if (message.type === 'hello') this.#welcome(message)
    else if (message.type === 'changes') this.#queue(message, blobs)
    else if (message.type === 'follow') this.#follow(message)
    else if (message.type === 'applied') this.#noteApplied(message)
    else this.#noteWatermark(message)
  }

  /** What is wrong with a message at this point of the conversation. */
  #violationOf(message: FromRegional): string | undefined {
    if (message.type === 'hello') return this.saidHello ? 'a second hello' : undefined
    if (!this.saidHello) return `${message.type} before hello`
    if (message.type === 'follow') {
      if (this.#follows) return 'a second follow'
      if (message.after > this.#host.log.head().gseq) return 'follow from beyond the head of the log'
    }
    if (message.type === 'applied' && (message.gseq > this.#position || message.gseq <= this.#applied)) {
      return 'applied what was not sent'
    }
    if (message.type === 'watermark') {
      if (message.server !== this.server) return 'the watermark of another server'
      if (message.gseq > this.#host.log.head().gseq) return 'a watermark beyond the head of the log'
    }
    return undefined
  }

  #welcome(hello: MessageOf<'hello'>): void {
    const fault = faultOfHello(hello, this.server)
    if (fault !== undefined) {
      this.refuse(fault)
      return
    }
    const { log, watermarks, server } = this.#host
    this.#epoch = hello.epoch
    this.#host.sessionOpened(this)
    const cursorKnown = isPositionIn(log, hello.cursor)
    // What it has of the log bounds what it can have of its bytes: it may have lost its disk since it last told.
    const bound = cursorKnown ? (hello.cursor?.gseq ?? 0) : 0
    watermarks.set(this.server, Math.min(watermarks.of(this.server), bound))
    this.sendMessage({
      type: 'welcome',
      protocol: protocolOf(hello) as number,
      server,
      log_id: log.id,
      head: log.head().gseq,
      seen: log.lastOf(this.server, hello.epoch) ?? null,
      cursor_known: cursorKnown,
      time: this.#host.now(),
      watermarks: watermarks.all(),
      changes: CHANGE_VERSION,
    })
  }

  #follow({ after }: MessageOf<'follow'>): void {
    this.#position = after
    this.#applied = after
    this.#follows = true
    this.#host.sessionFollows(this)
  }

  #noteApplied({ gseq }: MessageOf<'applied'>): void {
    this.#applied = gseq
    this.#unacknowledged = this.#unacknowledged.filter((last) => last > gseq)
    this.#host.windowOpened(this)
  }

  /** As a rule it rises; it falls when the regional has lost bytes. */
  #noteWatermark({ gseq }: MessageOf<'watermark'>): void {
    this.#host.watermarks.set(this.server, gseq)
  }

  #queue(message: MessageOf<'changes'>, blobs: Blob[]): void {
    if (this.#pending >= WINDOW) {
      const reason = `more than ${WINDOW} batches without waiting for an acknowledgement`
      this.refuse({ code: 'overload', reason, oseq: null })
      return
    }
    this.#pending += 1
    this.#ingesting = this.#ingesting
      .then(() => this.#ingestBatch(message.changes, blobs))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#pending -= 1
      })
  }

  async #ingestBatch(texts: string[], blobs: Blob[]): Promise<void> {
    if (this.#ended.signal.aborted || this.#epoch === undefined) return
    const sender = { server: this.server, epoch: this.#epoch }
    const { candidates, fault } = checkChanges(texts, sender, this.#latestMs())
    if (fault !== undefined && fault.code !== 'future-stamp') return this.refuse(fault)
    const first = candidates[0]?.change.oseq ?? fault?.oseq
    if (this.#awaitedOseq !== undefined && first !== this.#awaitedOseq) return
    this.#awaitedOseq = undefined
    const referenced = new Set(candidates.map(({ change }) => blobOf(change)?.sha256))
    const beside = fault === undefined ? blobs : blobs.filter(({ sha256 }) => referenced.has(sha256))
    const wrong = faultOfBlobs(beside, candidates)
    if (wrong !== undefined) return this.refuse(wrong)
    await this.#append(candidates, beside)
    if (fault === undefined) return
    this.#awaitedOseq = fault.oseq ?? undefined
    this.refuse(fault)
  }

  /**
   * The latest time that a stamp may bear. Whatever the clock here says, what follows the newest stamp of the log may bear
   * that: stamps never go back, and after this clock was put back nobody could pass on anything.
   */
  #latestMs(): number {
    return Math.max(this.#host.now() + MAX_CLOCK_AHEAD_MS, millisecondsOf(this.#host.log.clock()))
  }

  async #append(candidates: Parameters<Ingest['append']>[0], blobs: Blob[]): Promise<void> {
    const last = candidates.at(-1)?.change.oseq
    if (last === undefined) return
    const { count, missing, stored } = await this.#host.ingest.append(candidates, blobs, this.#ended.signal)
    this.sendMessage({ type: 'ack', oseq: last })
    this.#host.changesAppended(this, count)
    this.want(missing)
    this.#host.offer(stored, this)
  }

  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return
    if (error instanceof LogGapError) {
      this.refuse({ code: 'gap', reason: error.message, oseq: null })
      return
    }
    this.#host.ingestFailed(this, error)
    this.close('the grand failed')
  }
}
