import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import { isMissing } from '../../blobs/missing-blobs.js'
import type { Database, Tx } from '../../db/engine/database.js'
import { recordRefs } from '../../db/grand/log-refs.js'
import { isTransientError } from '../../lib/storage-fault.js'
import { pause, type Timers } from '../../lib/timers.js'
import type { Candidate, ChangeLog } from '../../log/change-log.js'
import type { Blob } from '../protocol.js'
import type { DiskSpace } from './disk-space.js'

/** Retry interval while the disk is full. */
const RETRY_MS = 500

export interface IngestDeps {
  db: Database
  log: ChangeLog
  blobs: BlobStore
  disk: DiskSpace
  now: () => number
  timers: Timers
  logger: Logger
}

/** The result of appending a batch. */
export interface Ingested {
  /** New entries in the log. */
  count: number
  /** Hashes of newly referenced blobs that are not stored here. */
  missing: string[]
  /** Hashes of blobs in the batch that were missing before. */
  stored: string[]
}

/** Appends changes to the log. It pauses while the disk is full: regionals keep what the grand has not acknowledged. */
export class Ingest {
  readonly #deps: IngestDeps
  #pausedSince: number | undefined

  constructor(deps: IngestDeps) {
    this.#deps = deps
  }

  /** Start of the present pause in milliseconds since 1970; undefined while changes are accepted. */
  get pausedSince(): number | undefined {
    return this.#pausedSince
  }

  /**
   * Appends checked changes with their small blobs, and resolves once they are durable; waits while the disk is full.
   * @throws LogGapError, or the reason of `signal` when it aborts
   */
  async append(candidates: Candidate[], blobs: Blob[], signal: AbortSignal): Promise<Ingested> {
    for (;;) {
      signal.throwIfAborted()
      const ingested = await this.#tryAppend(candidates, blobs)
      if (ingested !== undefined) return ingested
      await pause(this.#deps.timers, RETRY_MS, signal)
    }
  }

  async #tryAppend(candidates: Candidate[], blobs: Blob[]): Promise<Ingested | undefined> {
    const { log, disk, logger } = this.#deps
    if (!disk.hasRoomFor(0)) return this.#pause('less than SYNCSPHERE_MIN_FREE_DISK is free')
    const ingested: Ingested = { count: 0, missing: [], stored: [] }
    try {
      await log.append(candidates, (tx, logged) => {
        ingested.count = logged.length
        ingested.stored = blobs.filter((blob) => this.#storeBlob(tx, blob)).map(({ sha256 }) => sha256)
        ingested.missing = recordRefs(tx, logged)
      })
    } catch (error) {
      if (!isTransientError(error)) throw error
      return this.#pause((error as Error).message)
    }
    if (this.#pausedSince !== undefined) logger.info('changes are accepted again')
    this.#pausedSince = undefined
    return ingested
  }

  /** Stores a small blob. @returns whether it was missing */
  #storeBlob(tx: Tx, { sha256, bytes }: Blob): boolean {
    const wasMissing = isMissing(tx, sha256)
    this.#deps.blobs.store(tx, { sha256, size: bytes.length, content: bytes }, new Date(this.#deps.now()))
    return wasMissing
  }

  #pause(reason: string): undefined {
    if (this.#pausedSince === undefined) this.#deps.logger.error({ reason }, 'no changes are accepted')
    this.#pausedSince ??= this.#deps.now()
  }
}
