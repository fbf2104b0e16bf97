/** Composes the grand server without sockets, for the server and for the simulation. */
import type { Logger } from 'pino'
import { BlobStore } from '../blobs/blob-store.js'
import { IncomingBlobs } from '../blobs/incoming-blobs.js'
import { missingTotal } from '../blobs/missing-blobs.js'
import { checkBlob, scrub } from '../blobs/scrub.js'
import type { GrandConfig } from '../config/config.js'
import type { Database } from '../db/engine/database.js'
import { SqliteChangeLog } from '../log/sqlite-change-log.js'
import { DiskSpace } from '../sync/grand/disk-space.js'
import { Downloads } from '../sync/grand/downloads.js'
import { collectGarbage } from '../sync/grand/garbage-collection.js'
import { Hub } from '../sync/grand/hub.js'
import { Ingest } from '../sync/grand/ingest.js'
import type { GrandMetrics, GrandReadings } from '../sync/grand/metrics.js'
import { Pages } from '../sync/grand/pages.js'
import { Uploads } from '../sync/grand/uploads.js'
import { Watermarks } from '../sync/grand/watermarks.js'
import type { Machine } from './machine.js'

export type GrandCoreConfig = Pick<GrandConfig, 'name' | 'dataDir' | 'minFreeDiskBytes' | 'maxFileSizeBytes'>

export interface GrandCoreDeps {
  db: Database
  machine: Machine
  logger: Logger
  /** Creates the metrics, which read these values on each scrape. */
  measure: (readings: GrandReadings) => GrandMetrics
}

export type GrandCore = Awaited<ReturnType<typeof openGrandCore>>

/** @throws WrongServerError */
export async function openGrandCore(
  { name: server, dataDir, minFreeDiskBytes, maxFileSizeBytes }: GrandCoreConfig,
  { db, machine, logger, measure }: GrandCoreDeps,
) {
  const { now, timers, files, random } = machine
  const log = await SqliteChangeLog.open(db, server, { random, now })
  const blobs = BlobStore.open(db, dataDir, { files, random })
  const incoming = IncomingBlobs.open(db, blobs, dataDir, { files, now })
  const disk = new DiskSpace({ blobs, minFreeBytes: minFreeDiskBytes, timers })
  const ingest = new Ingest({ db, log, blobs, disk, now, timers, logger })
  const metrics = measure({
    head: () => log.head().gseq,
    links: () => hub.status(),
    missing: () => missingTotal(db),
    freeBytes: () => disk.freeBytes(),
    paused: () => ingest.pausedSince !== undefined,
  })
  const onError = (err: unknown) => logger.error({ err }, 'watermarks could not be saved')
  const hub: Hub = new Hub({
    server,
    db,
    log,
    pages: new Pages({ db, log, blobs }),
    ingest,
    watermarks: (onChanged) => new Watermarks({ db, server, timers, onChanged, onError }),
    now,
    timers,
    logger,
    metrics,
  }).start()
  const uploads = new Uploads({
    db,
    blobs,
    incoming,
    disk,
    maxFileSizeBytes,
    timers,
    observer: hub,
    logger,
    metrics,
  })
  const onUnreadable = (blob: { sha256: string; size: number }) => {
    checkBlob({ db, blobs }, blob)
      .then((isIntact) => isIntact || hub.blobsLost([blob.sha256]))
      .catch((err: unknown) => logger.error({ err, sha256: blob.sha256 }, 'a blob could not be checked'))
  }
  const downloads = new Downloads({ db, blobs, incoming, metrics, onUnreadable })
  return {
    log,
    disk,
    ingest,
    metrics,
    hub,
    uploads,
    downloads,
    collectGarbage: (signal: AbortSignal) => collectGarbage({ db, blobs, incoming, now, timers }, signal),
    /** Scrubs the blobs, and asks the regionals for corrupt ones. */
    async scrub(everyMs: number, signal: AbortSignal) {
      const { corrupt } = await scrub({ db, blobs, now, everyMs }, signal)
      hub.blobsLost(corrupt)
      return { corrupt }
    },
  }
}
