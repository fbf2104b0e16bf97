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

/** After the disk was full, it is tried again so much later. */
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

/** What an appended batch means for bytes. */
export interface Ingested {
  /** Entries that the log has more. */
  count: number
  /** Hashes that live files name from now on and whose bytes are not here. */
  missing: string[]
  /** Hashes that were missing until now and came beside the batch. */
  stored: string[]
}

/** The way into the log. While the disk is full nothing is taken, and so nothing acknowledged; nothing is lost either. */
export class Ingest {
  readonly #deps: IngestDeps
  #pausedSince: number | undefined

  constructor(options: IngestDeps) {
    this.#deps = options
  }

  /** Since when nothing is taken, milliseconds since 1970. */
  get pausedSince(): number | undefined {
    return this.#pausedSince
  }

  /**
   * Appends checked changes with the bytes beside them, and resolves once they are durable; waits while there is no room.
   * @throws LogGap; what `signal` throws when it aborts meanwhile
   */
  async append(candidates: Candidate[], blobs: Blob[], signal: AbortSignal): Promise<Ingested> {
    for (;;) {
      signal.throwIfAborted()
      const taken = await this.#try(candidates, blobs)
      if (taken !== undefined) return taken
      await pause(this.#deps.timers, RETRY_MS, signal)
    }
  }

  async #try(candidates: Candidate[], blobs: Blob[]): Promise<Ingested | undefined> {
    const { log, disk, logger } = this.#deps
    if (!disk.hasRoomFor(0)) return this.#pause('less than SYNCSPHERE_MIN_FREE_DISK is free')
    const taken: Ingested = { count: 0, missing: [], stored: [] }
    try {
      await log.append(candidates, (tx, logged) => {
        taken.count = logged.length
        taken.stored = blobs.filter((blob) => this.#storeBlobs(tx, blob)).map(({ sha256 }) => sha256)
        taken.missing = recordRefs(tx, logged)
      })
    } catch (error) {
      if (!isTransientError(error)) throw error
      return this.#pause((error as Error).message)
    }
    if (this.#pausedSince !== undefined) logger.info('there is room again: changes are taken')
    this.#pausedSince = undefined
    return taken
  }

  /** Returns whether the bytes were missing. */
  #storeBlobs(tx: Tx, { sha256, bytes }: Blob): boolean {
    const wasMissing = isMissing(tx, sha256)
    this.#deps.blobs.store(tx, { sha256, size: bytes.length, content: bytes }, new Date(this.#deps.now()))
    return wasMissing
  }

  #pause(reason: string): undefined {
    if (this.#pausedSince === undefined) this.#deps.logger.error({ reason }, 'no changes are taken')
    this.#pausedSince ??= this.#deps.now()
  }
}
