/** The composition root of a regional server. */

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { BlobStore } from '../blobs/blob-store.js'
import { SCRUB_CHECK_MS, type ScrubOptions, scrub } from '../blobs/scrub.js'
import { CertificatesInUse } from '../certs/in-use.js'
import { openPeerTls, type PeerTls } from '../certs/peer-tls.js'
import { TlsFiles } from '../certs/tls-files.js'
import type { RegionalConfig } from '../config/config.js'
import { lockDataDir } from '../db/data-dir.js'
import { Database } from '../db/engine/database.js'
import { ensureIdentity } from '../db/identity.js'
import { indexAllNames } from '../db/search/name-indexing.js'
import { applyUnknownChanges } from '../domain/deferred-changes.js'
import { collectGarbage } from '../domain/garbage-collection.js'
import { watchOtherWriters } from '../domain/other-writers.js'
import { argon2, Passwords } from '../domain/passwords.js'
import { SystemClock } from '../domain/system-clock.js'
import { DAY_MS } from '../lib/durations.js'
import { periodic } from '../lib/periodic.js'
import { Resources } from '../lib/resources.js'
import { openLog } from '../observability/logger.js'
import type { Dial } from '../sync/channel.js'
import { GrandBlobClient } from '../sync/regional/blob-client.js'
import { NoSyncClient } from '../sync/regional/no-sync-client.js'
import type { SyncClient } from '../sync/regional/sync-client.js'
import { dialChannel } from '../sync/regional/websocket-channel.js'
import { HelperProcess } from './helper-process.js'
import { listenOrExplain } from './listen-error.js'
import { thisMachine } from './machine.js'
import { createBlobTransfer, regionalServices, startSync, type TransferDeps } from './regional-core.js'
import { buildHttp } from './regional-http.js'
import { StorageCheck } from './storage-check.js'

export interface Regional extends AsyncDisposable {
  /** Its URL for users, e.g. `http://127.0.0.1:5001`. */
  url: string
  /** Reloads the certificates. */
  reload(): Promise<void>
}

export interface RegionalDeps {
  /** Milliseconds since 1970. */
  now?: () => number
  logger?: Logger
  timing?: Partial<typeof TIMING>
  /** The built `bin/helper.ts`. Without it this process hashes passwords. */
  helperProgram?: string
}

/** Timeout of `min_copies`, and intervals of background jobs. */
const TIMING = {
  replicasMs: 30_000,
  indexingMs: 1000,
  garbageMs: 3600 * 1000,
  scrubMs: DAY_MS,
  certificatesMs: DAY_MS,
}

/**
 * Opens a regional server. Disposing of it stops accepting requests, finishes those in flight, and closes.
 * @throws DataDirInUseError, UnusablePathError, WrongServerError, MigrationError, and the errors of certificates and listening
 */
export async function openRegional(
  config: RegionalConfig,
  { now = Date.now, logger: givenLogger, timing: givenTiming = {}, helperProgram }: RegionalDeps = {},
): Promise<Regional> {
  const timing = { ...TIMING, ...givenTiming }
  // First: a start that fails for its certificates must not leave its name in the data folder.
  const { peerTls, userTls } = await openCertificates(config)
  await using resources = new Resources()
  const logger = givenLogger ?? resources.use(openLog({ level: config.logLevel, server: config.name })).logger
  const certificates = new CertificatesInUse(logger, now)
  // Each new connection uses the current certificates.
  if (peerTls) certificates.add(peerTls.files, () => undefined)
  resources.use(lockDataDir(config.dataDir, 'regional'))
  const db = resources.use(Database.open(join(config.dataDir, 'regional.db'), 'regional'))
  const helper =
    helperProgram === undefined ? undefined : resources.use(new HelperProcess(helperProgram, logger))
  await ensureIdentity(db, config.name)
  const storage = new StorageCheck({ db, dataDir: config.dataDir, logger })
  await storage.assertUsable()
  const blobs = BlobStore.open(db, config.dataDir)
  const clock = new SystemClock(now)
  const machine = { ...thisMachine, now }
  const passwords = new Passwords(helper ?? argon2)
  const transferDeps = { db, blobs, clock, machine, logger }
  const link = peerTls && openLink(config, peerTls, transferDeps)
  const services = regionalServices(config, {
    db,
    blobs,
    now: () => clock.now(),
    random: machine.random,
    passwords,
    remoteRead: link && ((...range) => link.transfer.read(...range)),
  })
  await applyUnknownChanges(db, services.journal)
  const sync: Sync = link
    ? startSync(config, { ...transferDeps, services }, link)
    : new NoSyncClient(config.name, db)
  resources.use(sync)
  resources.use(watchOtherWriters({ ...services, db, timers: machine.timers }))
  const confirmedNow = () => (link === undefined ? clock.now() : clock.confirmedNow())
  const removeAbandonedParts = (beforeMs: number) => sync.removeAbandonedParts(beforeMs)
  const { eventLog, journal } = services
  const collectOnce = (signal: AbortSignal) =>
    collectGarbage(
      {
        db,
        blobs,
        eventLog,
        journal,
        accountGraceMs: config.accountGraceMs,
        removeAbandonedParts,
        confirmedNow,
        now: () => clock.now(),
      },
      signal,
    )
  resources.use(periodic('garbage collection', timing.garbageMs, collectOnce, logger))
  const scrubbing = { db, blobs, now, everyMs: timing.scrubMs }
  const scrubOnce = (signal: AbortSignal) => scrubAndFetch(scrubbing, sync, signal)
  resources.use(periodic('scrub', Math.min(SCRUB_CHECK_MS, timing.scrubMs), scrubOnce, logger))
  const indexOnce = (signal: AbortSignal) => indexAllNames(db, signal)
  resources.use(periodic('name indexing', timing.indexingMs, indexOnce, logger))
  const app = resources.use(
    await buildHttp(config, {
      ...timing,
      db,
      services,
      tlsFiles: userTls,
      sync,
      storage,
      certificates,
      logger,
    }),
  )
  resources.use(certificates.watch(timing.certificatesMs))
  const scheme = config.tls === undefined ? 'http' : 'https'
  const listening = app.listen({
    host: config.host,
    port: config.port,
    backlog: 4096,
    // Fastify takes its server for plain HTTP.
    listenTextResolver: (address) => `listening at ${address.replace('http:', `${scheme}:`)}`,
  })
  await listenOrExplain(config, listening)
  // Deferred: starting the helper process would slow down the start of this one.
  void passwords.prepare()
  const { port } = app.server.address() as AddressInfo
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const url = `${scheme}://${host}:${port}`
  const owned = resources.move()
  return {
    url,
    reload: () => certificates.reload(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

type Sync = NoSyncClient | SyncClient

interface PeerCertificates {
  grandUrl: string
  files: TlsFiles<keyof PeerTls>
}

/** Opens the certificates for the grand and for users, as far as the configuration wants them. */
async function openCertificates({ grandUrl, certsDir, name, tls }: RegionalConfig) {
  const peerTls: PeerCertificates | undefined =
    grandUrl === undefined ? undefined : { grandUrl, files: await openPeerTls(certsDir, name) }
  const userTls = tls && (await TlsFiles.open({ cert: tls.certFile, key: tls.keyFile }))
  return { peerTls, userTls }
}

/** Both connections to the grand: for changes and for blobs. */
function openLink(config: RegionalConfig, { grandUrl, files }: PeerCertificates, deps: TransferDeps) {
  const dial: Dial = (events, onOpen) => dialChannel(grandUrl, files.pems, events, onOpen)
  return { dial, transfer: createBlobTransfer(config, deps, new GrandBlobClient(grandUrl, () => files.pems)) }
}

/** Scrubs the blobs, and fetches corrupt ones again. */
async function scrubAndFetch(options: ScrubOptions, sync: Sync, signal: AbortSignal) {
  const { corrupt } = await scrub(options, signal)
  if (corrupt.length > 0) sync.refresh()
  return { corrupt }
}
