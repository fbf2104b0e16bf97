import type { Logger } from 'pino'
import { firstMissingEntry, missingHashes } from '../../blobs/missing-blobs.js'
import type { Database } from '../../db/engine/database.js'
import type { Timer, Timers } from '../../lib/timers.js'
import type { Log } from '../../log/change-log.js'
import type { Channel } from '../channel.js'
import { encodeFrame, MAX_HASHES } from '../protocol.js'
import type { Fault } from './check-changes.js'
import type { Intake } from './ingest.js'
import type { GrandMetrics } from './metrics.js'
import type { Pages } from './pages.js'
import { Link, type LinkHost, type LinkStatus } from './session.js'
import type { Watermarks } from './watermarks.js'

/** Missing bytes are asked of everybody again so often, some each time: whoever was asked first may have lost them. */
const ASK_AGAIN_MS = 15_000

export interface HubOptions {
  server: string
  db: Database
  log: Log
  pages: Pages
  intake: Intake
  /** Makes the watermarks, given where to tell of moves. */
  watermarks: (onMoved: (moved: Map<string, number>) => void) => Watermarks
  now: () => number
  timers: Timers
  logger: Logger
  metrics: GrandMetrics
}

/** All links of the grand: passes on to each what the others bring. */
export class Hub implements LinkHost, AsyncDisposable {
  readonly server: string
  readonly log: Log
  readonly pages: Pages
  readonly intake: Intake
  readonly watermarks: Watermarks
  readonly #options: HubOptions
  /** By the name of the server, those that have said hello. */
  readonly #links = new Map<string, Link>()
  readonly #ending = new Set<Promise<void>>()
  readonly #asking: Timer
  #askedUpTo = ''
  #scheduled = false

  constructor(options: HubOptions) {
    this.#options = options
    this.server = options.server
    this.log = options.log
    this.pages = options.pages
    this.intake = options.intake
    this.watermarks = options.watermarks((moved) => this.#tellWatermarks(moved))
    this.#asking = options.timers.every(ASK_AGAIN_MS, () => this.#askAgain())
    this.#refreshOwnWatermark()
  }

  /** Begins a link on an open channel; `server` is the name in its certificate. */
  connect(server: string, channel: Channel): Link {
    return new Link(this, server, channel)
  }

  /** The link's channel is closed. */
  disconnected(link: Link, reason: string): void {
    if (this.#links.get(link.server) === link) {
      this.#links.delete(link.server)
      this.#options.logger.info({ regional: link.server, reason }, 'unlinked')
    }
    const ending = link.end().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  now(): number {
    return this.#options.now()
  }

  join(link: Link): void {
    const { logger } = this.#options
    const { server: regional, address } = link
    const older = this.#links.get(regional)
    this.#links.set(regional, link)
    logger.info({ regional, address }, 'linked')
    if (older === undefined) return
    older.replace(link)
    const addresses = [older.address, address]
    logger.warn(
      { regional, addresses },
      'a link of this name was still open: if it goes on, two servers bear it',
    )
  }

  followed(link: Link): void {
    this.opened(link)
    this.#askForAll(link)
  }

  opened(link: Link): void {
    if (link.pump()) this.#schedule()
  }

  appended(link: Link, count: number): void {
    this.#refreshOwnWatermark()
    if (count === 0) return
    this.#options.metrics.changesLogged(link.server, count)
    if (this.#scheduled) return
    this.#scheduled = true
    // Not later than the other acknowledgements of the same commit, and once for all of them.
    queueMicrotask(() => this.#pump())
  }

  /** Tells those who read the log that bytes are here or arriving. */
  offer(sha256s: string[], from?: Link): void {
    for (let start = 0; start < sha256s.length; start += MAX_HASHES) {
      const frame = encodeFrame({ type: 'offer', blobs: sha256s.slice(start, start + MAX_HASHES) })
      for (const link of this.#links.values()) if (link !== from && link.follows) link.send(frame)
    }
  }

  /** Bytes begin to arrive from a server. */
  arriving(sha256: string, server: string): void {
    this.offer([sha256], this.#links.get(server))
  }

  /** Bytes are here whole. */
  arrived(sha256: string, server: string): void {
    this.#refreshOwnWatermark()
    this.arriving(sha256, server)
  }

  /** Bytes stopped arriving: whoever has them may send them. */
  brokeOff(sha256: string): void {
    for (const link of this.#links.values()) link.want([sha256])
  }

  /** Bytes that were here are missing: whoever has them may send them. */
  lost(sha256s: string[]): void {
    this.#refreshOwnWatermark()
    if (sha256s.length > 0) for (const link of this.#links.values()) link.want(sha256s)
  }

  refused(link: Link, { code, reason, oseq }: Fault): void {
    this.#options.metrics.refused(code)
    this.#options.logger.warn({ regional: link.server, code, reason, oseq }, 'refused')
  }

  failed(link: Link, err: unknown): void {
    this.#options.logger.error({ regional: link.server, err }, 'a batch could not be taken')
  }

  status(): LinkStatus[] {
    return [...this.#links.values()].map((link) => link.status())
  }

  /** Ends all links, and waits for what they have under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#asking.stop()
    for (const link of this.#links.values()) {
      link.close('the grand stops')
      this.disconnected(link, 'the grand stops')
    }
    await Promise.all(this.#ending)
    await this.watermarks[Symbol.asyncDispose]()
  }

  /** One page for each link, so that a link which has much to catch up with does not hold up the others. */
  #pump(): void {
    this.#scheduled = false
    let more = false
    for (const link of this.#links.values()) more = link.pump() || more
    if (more) this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.timers.soon(() => this.#pump())
  }

  #refreshOwnWatermark(): void {
    const first = firstMissingEntry(this.#options.db)
    this.watermarks.set(this.server, first === undefined ? this.log.head().gseq : first - 1)
  }

  #tellWatermarks(moved: Map<string, number>): void {
    for (const [server, gseq] of moved) {
      const frame = encodeFrame({ type: 'watermark', server, gseq })
      for (const link of this.#links.values()) if (link.server !== server) link.send(frame)
    }
  }

  #askForAll(link: Link, after = ''): void {
    const { db, timers } = this.#options
    const hashes = missingHashes(db, after, MAX_HASHES)
    const last = hashes.at(-1)
    if (last === undefined || !link.follows) return
    link.want(hashes)
    if (hashes.length === MAX_HASHES) timers.soon(() => this.#askForAll(link, last))
  }

  #askAgain(): void {
    if (this.#links.size === 0) return
    const hashes = missingHashes(this.#options.db, this.#askedUpTo, MAX_HASHES)
    this.#askedUpTo = hashes.length < MAX_HASHES ? '' : (hashes.at(-1) ?? '')
    if (hashes.length > 0) for (const link of this.#links.values()) if (link.follows) link.want(hashes)
  }
}
