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

/** Interval at which the grand requests missing blobs again, a page each time: the regional asked first may have lost them. */
const WANT_INTERVAL_MS = 15_000

export interface HubDeps {
  server: string
  db: Database
  log: ChangeLog
  pages: Pages
  ingest: Ingest
  /** Creates the watermarks with the hub's callback for changes. */
  watermarks: (onChanged: (changed: Map<string, number>) => void) => Watermarks
  now: () => number
  timers: Timers
  logger: Logger
  metrics: GrandMetrics
}

/** Holds the sessions of all regionals, and forwards to each the changes and blob offers of the others. */
export class Hub implements SessionHost, AsyncDisposable {
  readonly server: string
  readonly log: ChangeLog
  readonly pages: Pages
  readonly ingest: Ingest
  readonly watermarks: Watermarks
  readonly #deps: HubDeps
  /** Sessions that have received a hello, by server name. */
  readonly #sessions = new Map<string, GrandSession>()
  readonly #ending = new Set<Promise<void>>()
  #wantTimer: Timer | undefined
  #wantCursor = ''
  #scheduled = false

  constructor(deps: HubDeps) {
    this.#deps = deps
    this.server = deps.server
    this.log = deps.log
    this.pages = deps.pages
    this.ingest = deps.ingest
    this.watermarks = deps.watermarks((changed) => this.#sendWatermarks(changed))
  }

  /** Sets the grand's own watermark, and requests missing blobs from all sessions at intervals until disposed of. */
  start(): this {
    this.#refreshOwnWatermark()
    this.#wantTimer = this.#deps.timers.every(WANT_INTERVAL_MS, () => this.#wantNextMissing())
    return this
  }

  /** Creates the session of an open channel. @param server the name in its certificate */
  connect(server: string, channel: Channel): GrandSession {
    return new GrandSession(this, server, channel)
  }

  /** Removes the session of a closed channel. */
  disconnected(session: GrandSession, reason: string): void {
    if (this.#sessions.get(session.server) === session) {
      this.#sessions.delete(session.server)
      this.#deps.logger.info({ regional: session.server, reason }, 'unlinked')
    }
    const ending = session.end().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  now(): number {
    return this.#deps.now()
  }

  sessionOpened(session: GrandSession): void {
    const { logger } = this.#deps
    const { server: regional, address } = session
    const older = this.#sessions.get(regional)
    this.#sessions.set(regional, session)
    logger.info({ regional, address }, 'linked')
    if (older === undefined) return
    older.replace(session)
    const addresses = [older.address, address]
    logger.warn(
      { regional, addresses },
      'a session of this server was still open: if this repeats, two servers share its name',
    )
  }

  sessionFollows(session: GrandSession): void {
    this.windowOpened(session)
    this.#wantAllMissing(session)
  }

  windowOpened(session: GrandSession): void {
    if (session.pump()) this.#schedule()
  }

  changesAppended(session: GrandSession, count: number): void {
    this.#refreshOwnWatermark()
    if (count === 0) return
    this.#deps.metrics.changesLogged(session.server, count)
    if (this.#scheduled) return
    this.#scheduled = true
    // Runs once for all batches of one commit, in the same event-loop tick as their acknowledgements.
    queueMicrotask(() => this.#pump())
  }

  /** Offers blobs that are stored or arriving to every session that reads the log. */
  offer(sha256s: string[], from?: GrandSession): void {
    for (let start = 0; start < sha256s.length; start += MAX_HASHES) {
      const frame = encodeFrame({ type: 'offer', blobs: sha256s.slice(start, start + MAX_HASHES) })
      for (const session of this.#sessions.values())
        if (session !== from && session.follows) session.send(frame)
    }
  }

  /** Offers a blob as soon as its upload starts: downloads can read along. */
  uploadStarted(sha256: string, server: string): void {
    this.offer([sha256], this.#sessions.get(server))
  }

  /** Offers a complete blob. */
  uploadCompleted(sha256: string, server: string): void {
    this.#refreshOwnWatermark()
    this.uploadStarted(sha256, server)
  }

  /** Requests a blob from every regional after its upload broke off. */
  uploadAborted(sha256: string): void {
    for (const session of this.#sessions.values()) session.want([sha256])
  }

  /** Requests blobs from every regional after they were lost here. */
  blobsLost(sha256s: string[]): void {
    this.#refreshOwnWatermark()
    if (sha256s.length > 0) for (const session of this.#sessions.values()) session.want(sha256s)
  }

  changeRefused(session: GrandSession, { code, reason, oseq }: Fault): void {
    this.#deps.metrics.refused(code)
    this.#deps.logger.warn({ regional: session.server, code, reason, oseq }, 'refused')
  }

  ingestFailed(session: GrandSession, err: unknown): void {
    this.#deps.logger.error({ regional: session.server, err }, 'a batch could not be stored')
  }

  status(): SessionStatus[] {
    return [...this.#sessions.values()].map((session) => session.status())
  }

  /** Ends all sessions, and waits for the batches that they are ingesting. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#wantTimer?.stop()
    for (const session of this.#sessions.values()) {
      session.close('the grand stops')
      this.disconnected(session, 'the grand stops')
    }
    await Promise.all(this.#ending)
    await this.watermarks[Symbol.asyncDispose]()
  }

  /** Sends one page to each session, so that a session that lags far behind does not delay the others. */
  #pump(): void {
    this.#scheduled = false
    let more = false
    for (const session of this.#sessions.values()) more = session.pump() || more
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

  #sendWatermarks(changed: Map<string, number>): void {
    for (const [server, gseq] of changed) {
      const frame = encodeFrame({ type: 'watermark', server, gseq })
      for (const session of this.#sessions.values()) if (session.server !== server) session.send(frame)
    }
  }

  #wantAllMissing(session: GrandSession, after = ''): void {
    const { db, timers } = this.#deps
    const hashes = missingHashes(db, after, MAX_HASHES)
    const last = hashes.at(-1)
    if (last === undefined || !session.follows) return
    session.want(hashes)
    if (hashes.length === MAX_HASHES) timers.soon(() => this.#wantAllMissing(session, last))
  }

  #wantNextMissing(): void {
    if (this.#sessions.size === 0) return
    const hashes = missingHashes(this.#deps.db, this.#wantCursor, MAX_HASHES)
    this.#wantCursor = hashes.length < MAX_HASHES ? '' : (hashes.at(-1) ?? '')
    if (hashes.length > 0)
      for (const session of this.#sessions.values()) if (session.follows) session.want(hashes)
  }
}
