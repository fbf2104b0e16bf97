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

/** The grand as a session sees it: what it reads, and the events it reports. */
export interface SessionHost {
  /** The grand's own name. */
  readonly server: string
  readonly log: ChangeLog
  readonly pages: Pages
  readonly ingest: Ingest
  readonly watermarks: Watermarks
  now(): number
  /** A valid hello arrived; an older session of the same server ends. */
  sessionOpened(session: GrandSession): void
  /** The regional has said from which position it reads the log. */
  sessionFollows(session: GrandSession): void
  /** The regional acknowledged entries, so the window has room. */
  windowOpened(session: GrandSession): void
  /** `count` changes of this session were appended to the log. */
  changesAppended(session: GrandSession, count: number): void
  /** Offers stored blobs to the other sessions. */
  offer(sha256s: string[], from: GrandSession): void
  changeRefused(session: GrandSession, fault: Fault): void
  ingestFailed(session: GrandSession, error: unknown): void
}

/** The state of a session as the operator sees it. */
export interface SessionStatus {
  server: string
  since: string
  /** The last entry sent to the regional, and the last that it has applied. */
  sent: number
  applied: number
  /** Entries of the log that the regional has not applied. */
  lag: number
}

/** The grand's end of a session with one regional, on top of a channel. */
export class GrandSession {
  /** The name in the certificate. */
  readonly server: string
  readonly #host: SessionHost
  readonly #channel: Channel
  readonly #ended = new AbortController()
  readonly #since: number
  #epoch: string | undefined
  #isFollowing = false
  #position = 0
  #applied = 0
  /** The last entry of each page in flight, oldest first. */
  #unacknowledged: number[] = []
  #pending = 0
  #ingesting: Promise<void> = Promise.resolve()
  /** The change refused for its stamp: batches are dropped until it is sent again. */
  #awaitedOseq: number | undefined

  constructor(host: SessionHost, server: string, channel: Channel) {
    this.#host = host
    this.server = server
    this.#channel = channel
    this.#since = host.now()
  }

  /** The network address of the regional. */
  get address(): string | undefined {
    return this.#channel.address
  }

  get saidHello(): boolean {
    return this.#epoch !== undefined
  }

  /** Whether the regional reads the log. */
  get follows(): boolean {
    return this.#isFollowing && !this.#ended.signal.aborted
  }

  /** Handles a frame. Never throws: an invalid frame ends the session. */
  receive(frame: Buffer): void {
    if (this.#ended.signal.aborted) return
    try {
      const { message, blobs } = decodeFromRegional(frame)
      this.#handle(message, blobs)
    } catch (error) {
      this.refuse({ code: 'protocol', reason: (error as Error).message, oseq: null })
    }
  }

  /** Ends the session of a closed channel. Resolves when its last batch is ingested. */
  async end(): Promise<void> {
    this.#ended.abort()
    await this.#ingesting
  }

  /** Closes the channel. */
  close(reason: string): void {
    this.#ended.abort()
    this.#channel.close(reason)
  }

  /** Sends a refusal. It ends the session, unless the regional can correct the fault: a stamp in the future. */
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
   * Ends this session because a newer one has the same name. If the same regional reconnected, this refusal reaches nobody.
   * If it is received, two servers share the name.
   */
  replace(newer: GrandSession): void {
    if (this.#ended.signal.aborted) return
    const reason = `another server connected under the name ${this.server}, from ${newer.address ?? 'an unknown address'}`
    this.sendMessage({ type: 'refused', code: 'replaced', reason, oseq: null, time: this.#host.now() })
    this.close('replaced by a newer session')
  }

  sendMessage(message: FromGrand): void {
    this.send(encodeFrame(message))
  }

  /** Sends an encoded frame. */
  send(frame: Buffer): void {
    this.#channel.send(frame)
  }

  /** Requests blobs from the regional. */
  want(sha256s: string[]): void {
    for (let from = 0; from < sha256s.length; from += MAX_HASHES) {
      this.sendMessage({ type: 'want', blobs: sha256s.slice(from, from + MAX_HASHES) })
    }
  }

  /** Sends the next page if the window allows. @returns whether another page could follow at once */
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
    const violation = this.#violationOf(message)
    if (violation !== undefined) this.refuse({ code: 'protocol', reason: violation, oseq: null })
    else if (message.type === 'hello') this.#welcome(message)
    else if (message.type === 'changes') this.#queue(message, blobs)
    else if (message.type === 'follow') this.#follow(message)
    else if (message.type === 'applied') this.#noteApplied(message)
    else this.#noteWatermark(message)
  }

  /** Returns how a message violates the protocol in the present state, if it does. */
  #violationOf(message: FromRegional): string | undefined {
    if (message.type === 'hello') return this.saidHello ? 'a second hello' : undefined
    if (!this.saidHello) return `${message.type} before hello`
    if (message.type === 'follow') {
      if (this.#isFollowing) return 'a second follow'
      if (message.after > this.#host.log.head().gseq)
        return 'follow from a position beyond the head of the log'
    }
    if (message.type === 'applied' && (message.gseq > this.#position || message.gseq <= this.#applied)) {
      return 'applied an entry that was not sent'
    }
    if (message.type === 'watermark') {
      if (message.server !== this.server) return 'the watermark of another server'
      if (message.gseq > this.#host.log.head().gseq) return 'a watermark beyond the head of the log'
    }
    return undefined
  }

  #welcome(hello: MessageOf<'hello'>): void {
    const fault = faultOfHello(hello, this.server, this.#host.server)
    if (fault !== undefined) {
      this.refuse(fault)
      return
    }
    const { log, watermarks, server } = this.#host
    this.#epoch = hello.epoch
    this.#host.sessionOpened(this)
    const cursorKnown = isPositionIn(log, hello.cursor)
    // The cursor bounds the watermark: the regional may have lost its disk since its last report.
    const bound = cursorKnown ? (hello.cursor?.gseq ?? 0) : 0
    watermarks.set(this.server, Math.min(watermarks.get(this.server), bound))
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
    this.#isFollowing = true
    this.#host.sessionFollows(this)
  }

  #noteApplied({ gseq }: MessageOf<'applied'>): void {
    this.#applied = gseq
    this.#unacknowledged = this.#unacknowledged.filter((last) => last > gseq)
    this.#host.windowOpened(this)
  }

  /** A watermark falls when the regional has lost a blob. */
  #noteWatermark({ gseq }: MessageOf<'watermark'>): void {
    this.#host.watermarks.set(this.server, gseq)
  }

  #queue(message: MessageOf<'changes'>, blobs: Blob[]): void {
    if (this.#pending >= WINDOW) {
      const reason = `more than ${WINDOW} unacknowledged batches`
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
    const acceptedBlobs = fault === undefined ? blobs : blobs.filter(({ sha256 }) => referenced.has(sha256))
    const blobFault = faultOfBlobs(acceptedBlobs, candidates)
    if (blobFault !== undefined) return this.refuse(blobFault)
    await this.#append(candidates, acceptedBlobs)
    if (fault === undefined) return
    this.#awaitedOseq = fault.oseq ?? undefined
    this.refuse(fault)
  }

  /**
   * The latest time allowed in a stamp, milliseconds since 1970. The newest stamp in the log is always allowed: stamps never
   * go back, so after the grand's clock was set back every change would be refused.
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
