import type { Logger } from 'pino'
import { firstMissingEntry, missingHashes } from '../../blobs/missing-blobs.js'
import type { Database } from '../../db/engine/database.js'
import type { Timer, Timers } from '../../lib/timers.js'
import type { ChangeLog } from '../../log/change-log.js'
import type { Channel } from '../channel.js'
import { encodeFrame, MAX_HASHES } from '../protocol.js'
import type { Fault } from './check-changes.js'
import type { Ingest } from './ingest.js'
import type { GrandMetrics } from './metrics.js'
import type { Pages } from './pages.js'
import { GrandSession, type SessionHost, type SessionStatus } from './session.js'
import type { Watermarks } from './watermarks.js'

/** Missing bytes are asked of everybody again so often, some each time: whoever was asked first may have lost them. */
const WANT_AGAIN_MS = 15_000

export interface HubDeps {
  server: string
  db: Database
  log: ChangeLog
  pages: Pages
  ingest: Ingest
  /** Makes the watermarks, given where to tell of moves. */
  watermarks: (onMoved: (moved: Map<string, number>) => void) => Watermarks
  now: () => number
  timers: Timers
  logger: Logger
  metrics: GrandMetrics
}

/** All links of the grand: passes on to each what the others bring. */
export class Hub implements SessionHost, AsyncDisposable {
  readonly server: string
  readonly log: ChangeLog
  readonly pages: Pages
  readonly ingest: Ingest
  readonly watermarks: Watermarks
  readonly #deps: HubDeps
  /** By the name of the server, those that have said hello. */
  readonly #sessions = new Map<string, GrandSession>()
  readonly #closing = new Set<Promise<void>>()
  #wantTimer: Timer | undefined
  #wantedUpTo = ''
  #scheduled = false

  constructor(deps: HubDeps) {
    this.#deps = deps
    this.server = deps.server
    this.log = deps.log
    this.pages = deps.pages
    this.ingest = deps.ingest
    this.watermarks = deps.watermarks((moved) => this.#sendWatermarks(moved))
  }

  /** Sets the grand's own watermark, and requests missing blobs from all sessions at intervals until disposed of. */
  start(): this {
    this.#refreshOwnWatermark()
    this.#wantTimer = this.#deps.timers.every(WANT_AGAIN_MS, () => this.#wantMissingAgain())
    return this
  }

  /** Begins a link on an open channel; `server` is the name in its certificate. */
  connect(server: string, channel: Channel): GrandSession {
    return new GrandSession(this, server, channel)
  }

  /** The link's channel is closed. */
  disconnected(link: GrandSession, reason: string): void {
    if (this.#sessions.get(link.server) === link) {
      this.#sessions.delete(link.server)
      this.#deps.logger.info({ regional: link.server, reason }, 'unlinked')
    }
    const ending = link.end().finally(() => this.#closing.delete(ending))
    this.#closing.add(ending)
  }

  now(): number {
    return this.#deps.now()
  }

  sessionOpened(link: GrandSession): void {
    const { logger } = this.#deps
    const { server: regional, address } = link
    const older = this.#sessions.get(regional)
    this.#sessions.set(regional, link)
    logger.info({ regional, address }, 'linked')
    if (older === undefined) return
    older.replace(link)
    const addresses = [older.address, address]
    logger.warn(
      { regional, addresses },
      'a link of this name was still open: if it goes on, two servers bear it',
    )
  }

  sessionFollows(link: GrandSession): void {
    this.windowOpened(link)
    this.#wantAllMissing(link)
  }

  windowOpened(link: GrandSession): void {
    if (link.pump()) this.#schedule()
  }

  changesAppended(link: GrandSession, count: number): void {
    this.#refreshOwnWatermark()
    if (count === 0) return
    this.#deps.metrics.changesLogged(link.server, count)
    if (this.#scheduled) return
    this.#scheduled = true
    // Not later than the other acknowledgements of the same commit, and once for all of them.
    queueMicrotask(() => this.#pump())
  }

  /** Tells those who read the log that bytes are here or arriving. */
  offer(sha256s: string[], from?: GrandSession): void {
    for (let start = 0; start < sha256s.length; start += MAX_HASHES) {
      const frame = encodeFrame({ type: 'offer', blobs: sha256s.slice(start, start + MAX_HASHES) })
      for (const link of this.#sessions.values()) if (link !== from && link.follows) link.send(frame)
    }
  }

  /** Bytes begin to arrive from a server. */
  uploadStarted(sha256: string, server: string): void {
    this.offer([sha256], this.#sessions.get(server))
  }

  /** Bytes are here whole. */
  uploadCompleted(sha256: string, server: string): void {
    this.#refreshOwnWatermark()
    this.uploadStarted(sha256, server)
  }

  /** Bytes stopped arriving: whoever has them may send them. */
  uploadAborted(sha256: string): void {
    for (const link of this.#sessions.values()) link.want([sha256])
  }

  /** Bytes that were here are missing: whoever has them may send them. */
  blobsLost(sha256s: string[]): void {
    this.#refreshOwnWatermark()
    if (sha256s.length > 0) for (const link of this.#sessions.values()) link.want(sha256s)
  }

  changeRefused(link: GrandSession, { code, reason, oseq }: Fault): void {
    this.#deps.metrics.refused(code)
    this.#deps.logger.warn({ regional: link.server, code, reason, oseq }, 'refused')
  }

  ingestFailed(link: GrandSession, err: unknown): void {
    this.#deps.logger.error({ regional: link.server, err }, 'a batch could not be taken')
  }

  status(): SessionStatus[] {
    return [...this.#sessions.values()].map((link) => link.status())
  }

  /** Ends all links, and waits for what they have under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#wantTimer?.stop()
    for (const link of this.#sessions.values()) {
      link.close('the grand stops')
      this.disconnected(link, 'the grand stops')
    }
    await Promise.all(this.#closing)
    await this.watermarks[Symbol.asyncDispose]()
  }

  /** One page for each link, so that a link which has much to catch up with does not hold up the others. */
  #pump(): void {
    this.#scheduled = false
    let more = false
    for (const link of this.#sessions.values()) more = link.pump() || more
    if (more) this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#deps.timers.soon(() => this.#pump())
  }

  #refreshOwnWatermark(): void {
    const first = firstMissingEntry(this.#deps.db)
    this.watermarks.set(this.server, first === undefined ? this.log.head().gseq : first - 1)
  }

  #sendWatermarks(moved: Map<string, number>): void {
    for (const [server, gseq] of moved) {
      const frame = encodeFrame({ type: 'watermark', server, gseq })
      for (const link of this.#sessions.values()) if (link.server !== server) link.send(frame)
    }
  }

  #wantAllMissing(link: GrandSession, after = ''): void {
    const { db, timers } = this.#deps
    const hashes = missingHashes(db, after, MAX_HASHES)
    const last = hashes.at(-1)
    if (last === undefined || !link.follows) return
    link.want(hashes)
    if (hashes.length === MAX_HASHES) timers.soon(() => this.#wantAllMissing(link, last))
  }

  #wantMissingAgain(): void {
    if (this.#sessions.size === 0) return
    const hashes = missingHashes(this.#deps.db, this.#wantedUpTo, MAX_HASHES)
    this.#wantedUpTo = hashes.length < MAX_HASHES ? '' : (hashes.at(-1) ?? '')
    if (hashes.length > 0) for (const link of this.#sessions.values()) if (link.follows) link.want(hashes)
  }
}
