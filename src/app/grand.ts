/** The composition root of the grand server. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { missingTotal } from '../blobs/missing-blobs.js'
import { SCRUB_CHECK_MS } from '../blobs/scrub.js'
import { CertificatesInUse } from '../certs/in-use.js'
import { openPeerTls, type PeerTls } from '../certs/peer-tls.js'
import type { TlsFiles } from '../certs/tls-files.js'
import type { GrandConfig } from '../config/config.js'
import { lockDataDir } from '../db/data-dir.js'
import { Database } from '../db/engine/database.js'
import { DAY_MS } from '../lib/durations.js'
import { periodic } from '../lib/periodic.js'
import { Resources } from '../lib/resources.js'
import { VERSION } from '../lib/version.js'
import { openLog } from '../observability/logger.js'
import { createMetricsRegistry, observeCertificates } from '../observability/metrics.js'
import { DenyListFile } from '../sync/grand/deny-list-file.js'
import { createGrandMetrics, type GrandReadings } from '../sync/grand/metrics.js'
import { Peers } from '../sync/grand/peers.js'
import { grandRoutes } from '../sync/grand/routes.js'
import { GrandServer } from '../sync/grand/server.js'
import { openGrandCore } from './grand-core.js'
import { listenOrExplain } from './listen-error.js'
import { type Machine, thisMachine } from './machine.js'
import { StorageCheck } from './storage-check.js'

export interface Grand extends AsyncDisposable {
  /** The address that regionals connect to, e.g. `https://127.0.0.1:9000`. */
  url: string
  port: number
  /** Position of the last entry of the log, 0 for none. */
  readonly head: number
  /** Reloads the certificates and the deny list; a file that is invalid leaves the previous one in use. */
  reload(): Promise<void>
}

export interface GrandDeps {
  /** Milliseconds since 1970. */
  now?: () => number
  logger?: Logger
  timing?: Partial<typeof TIMING>
}

/** Intervals of background jobs. */
const TIMING = { garbageMs: 3600 * 1000, scrubMs: DAY_MS, certificatesMs: DAY_MS }

/** Time for transfers in flight when the server closes. They can be resumed. */
const GRACE_MS = 10_000

/**
 * Opens the grand server. Disposing of it refuses new connections, ends the sessions, lets transfers finish for ten seconds,
 * and closes.
 * @throws DataDirInUseError, UnusablePathError, WrongServerError, MigrationError, and the errors of certificates and listening
 */
export async function openGrand(
  config: GrandConfig,
  { now = Date.now, logger: givenLogger, timing = {} }: GrandDeps = {},
): Promise<Grand> {
  const tls = await openPeerTls(config.certsDir, config.name)
  await using resources = new Resources()
  const logger = givenLogger ?? resources.use(openLog({ level: config.logLevel, server: config.name })).logger
  resources.use(lockDataDir(config.dataDir, 'grand'))
  const db = resources.use(Database.open(join(config.dataDir, 'grand.db'), 'grand'))
  const storage = new StorageCheck({ db, dataDir: config.dataDir, logger })
  await storage.assertUsable()
  const grand = await assemble(config, {
    db,
    storage,
    machine: { ...thisMachine, now },
    logger,
    tls,
    timing: { ...TIMING, ...timing },
  })
  resources.use(grand)
  const port = await listenOrExplain(config, grand.server.listen(config.host, config.port))
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const owned = resources.move()
  return {
    url: `https://${host}:${port}`,
    port,
    get head() {
      return grand.log.head().gseq
    },
    reload: () => grand.reload(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

interface AssembleDeps {
  db: Database
  storage: StorageCheck
  machine: Machine
  logger: Logger
  tls: TlsFiles<keyof PeerTls>
  timing: typeof TIMING
}

async function assemble(config: GrandConfig, { db, storage, machine, logger, tls, timing }: AssembleDeps) {
  const { name } = config
  const { now } = machine
  // First, since it throws if the file is unreadable, and nothing else has started yet.
  const denyList = new DenyListFile(config.certsDir, logger).start(() =>
    peers.dropInvalid((socket) => server.revoke(socket)),
  )
  const registry = createMetricsRegistry({ server: name, processMetrics: true })
  const certificates = new CertificatesInUse(logger, now)
  observeCertificates(registry, () => certificates.expiries())
  const measure = (readings: GrandReadings) => createGrandMetrics(registry, readings)
  const core = await openGrandCore(config, { db, machine, logger, measure })
  const { log, hub, ingest, disk, uploads, downloads, metrics } = core
  const peers: Peers = new Peers({ denyList, now, logger, metrics })
  let closing = false
  const status = () => ({
    server: name,
    version: VERSION,
    log_id: log.id,
    log_head: log.head().gseq,
    paused_since: ingest.pausedSince === undefined ? null : new Date(ingest.pausedSince).toISOString(),
    links: hub.status(),
    missing: missingTotal(db),
    transfers: { incoming: uploads.count, outgoing: downloads.count },
    watermarks: hub.watermarks.all(),
    free_disk_bytes: disk.freeBytes(),
  })
  const route = grandRoutes({
    server: name,
    version: VERSION,
    uploads,
    downloads,
    closing: () => closing,
    storageFault: () => storage.fault(),
    status,
    metrics: () => registry.metrics(),
    operatorToken: config.operatorToken,
  })
  const server: GrandServer = new GrandServer({ tls: tls.pems, hub, peers, route, logger })
  certificates.add(tls, () => server.useTls(tls.pems))
  const watching = certificates.watch(timing.certificatesMs)
  const collecting = periodic('garbage collection', timing.garbageMs, core.collectGarbage, logger)
  const scrubOnce = (signal: AbortSignal) => core.scrub(timing.scrubMs, signal)
  const scrubbing = periodic('scrub', Math.min(SCRUB_CHECK_MS, timing.scrubMs), scrubOnce, logger)
  return {
    server,
    log,
    async reload() {
      await certificates.reload()
      denyList.refresh()
      peers.dropInvalid((socket) => server.revoke(socket))
    },
    async [Symbol.asyncDispose]() {
      closing = true
      denyList[Symbol.dispose]()
      watching[Symbol.dispose]()
      server.stopListening()
      await hub[Symbol.asyncDispose]()
      await collecting[Symbol.asyncDispose]()
      await scrubbing[Symbol.asyncDispose]()
      const deadline = performance.now() + GRACE_MS
      while (uploads.count + downloads.count > 0 && performance.now() < deadline) await sleep(20)
      await server.close()
      while (uploads.count > 0) await sleep(5)
    },
  }
}
