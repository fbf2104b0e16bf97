/** The composition root of a regional server. */

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { BlobStore } from '../blobs/blob-store.js'
import { missingTotal } from '../blobs/missing-blobs.js'
import { SCRUB_CHECK_MS, type ScrubOptions, scrub } from '../blobs/scrub.js'
import { CertificatesInUse } from '../certs/in-use.js'
import { openPeerTls } from '../certs/peer-tls.js'
import { TlsFiles } from '../certs/tls-files.js'
import type { RegionalConfig, TrustedProxies } from '../config/config.js'
import { loadContract } from '../contract/load.js'
import { lockDataDir } from '../db/data-dir.js'
import { Database } from '../db/engine/database.js'
import { ensureIdentity } from '../db/identity.js'
import { stateDigest } from '../db/regional/digest.js'
import { indexAllNames } from '../db/search/name-indexing.js'
import { applyUnknownChanges } from '../domain/deferred-changes.js'
import { collectGarbage } from '../domain/garbage-collection.js'
import { watchOtherWriters } from '../domain/other-writers.js'
import { argon2, Passwords } from '../domain/passwords.js'
import { SystemClock } from '../domain/system-clock.js'
import { accountHandlers } from '../http/api/accounts.js'
import { downloadHandler } from '../http/api/download.js'
import { eventHandlers } from '../http/api/events.js'
import { fileHandlers } from '../http/api/files.js'
import { friendHandlers } from '../http/api/friends.js'
import { serverHandlers } from '../http/api/server.js'
import { sessionHandlers } from '../http/api/sessions.js'
import { uploadHandler, type WaitForReplicas } from '../http/api/upload.js'
import { EventStreams } from '../http/events/event-streams.js'
import { sessionCookie } from '../http/guards/session-cookie.js'
import { useTls } from '../http/node-server.js'
import { buildServer, isServedOverHttps } from '../http/server.js'
import { DAY_MS } from '../lib/durations.js'
import { periodic } from '../lib/periodic.js'
import { Resources } from '../lib/resources.js'
import { VERSION } from '../lib/version.js'
import { openLog } from '../observability/logger.js'
import {
  createHttpMetrics,
  createMetricsRegistry,
  observeCertificates,
  observeSync,
} from '../observability/metrics.js'
import type { Dial } from '../sync/channel.js'
import { GrandBlobClient } from '../sync/regional/blob-client.js'
import { NoSyncClient } from '../sync/regional/no-sync-client.js'
import type { SyncClient } from '../sync/regional/sync-client.js'
import { dialChannel } from '../sync/regional/websocket-channel.js'
import { HelperProcess } from './helper-process.js'
import { listenOrExplain } from './listen-error.js'
import { thisMachine } from './machine.js'
import {
  createBlobTransfer,
  type RegionalServices,
  regionalServices,
  startSync,
  type TransferDeps,
} from './regional-core.js'
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

/** Time for requests in flight when the server closes. */
const GRACE_MS = 10_000

/**
 * Opens a regional server. Disposing of it stops accepting requests, finishes those in flight, and closes.
 * @throws DataDirInUseError, UnusablePathError, WrongServerError, MigrationError, and the errors of listening
 */
export async function openRegional(
  config: RegionalConfig,
  { now = Date.now, logger: givenLogger, timing: givenTiming = {}, helperProgram }: RegionalDeps = {},
): Promise<Regional> {
  const timing = { ...TIMING, ...givenTiming }
  await using resources = new Resources()
  const logger = givenLogger ?? resources.use(openLog({ level: config.logLevel, server: config.name })).logger
  const certificates = new CertificatesInUse(logger, now)
  resources.use(lockDataDir(config.dataDir))
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
  const { grandUrl } = config
  const link =
    grandUrl === undefined ? undefined : await openLink(config, grandUrl, certificates, transferDeps)
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
  const removeAbandonedParts = (beforeMs: number) => sync.removeAbandonedParts(beforeMs)
  const { eventLog } = services
  const collectOnce = (signal: AbortSignal) =>
    collectGarbage({ db, blobs, eventLog, removeAbandonedParts, now: () => clock.now() }, signal)
  resources.use(periodic('garbage collection', timing.garbageMs, collectOnce, logger))
  const scrubbing = { db, blobs, now, everyMs: timing.scrubMs }
  const scrubOnce = (signal: AbortSignal) => scrubAndFetch(scrubbing, sync, signal)
  resources.use(periodic('scrub', Math.min(SCRUB_CHECK_MS, timing.scrubMs), scrubOnce, logger))
  const indexOnce = (signal: AbortSignal) => indexAllNames(db, signal)
  resources.use(periodic('name indexing', timing.indexingMs, indexOnce, logger))
  const app = resources.use(
    await openHttp(config, db, services, sync, { ...timing, storage, certificates, logger }),
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

type Services = RegionalServices
type Sync = NoSyncClient | SyncClient

/** Opens both connections to the grand: for changes and for blobs. */
async function openLink(
  config: RegionalConfig,
  grandUrl: string,
  certificates: CertificatesInUse,
  deps: TransferDeps,
) {
  const tls = await openPeerTls(config.certsDir, config.name)
  // Each new connection uses the current certificates.
  certificates.add(tls, () => undefined)
  const dial: Dial = (events, onOpen) => dialChannel(grandUrl, tls.pems, events, onOpen)
  return { dial, transfer: createBlobTransfer(config, deps, new GrandBlobClient(grandUrl, () => tls.pems)) }
}

interface HttpDeps {
  replicasMs: number
  storage: StorageCheck
  certificates: CertificatesInUse
  logger: Logger
}

async function openHttp(
  config: RegionalConfig,
  db: Database,
  services: Services,
  sync: Sync,
  { replicasMs, storage, certificates, logger }: HttpDeps,
) {
  const { accounts, sessions, tokens, files, uploads, friends, eventLog, replicas } = services
  const registry = createMetricsRegistry({ server: config.name, processMetrics: true })
  const metrics = createHttpMetrics(registry)
  observeSync(registry, () => ({ ...sync.status(), missing_blobs: missingTotal(db).blobs }))
  const streams = new EventStreams({ eventLog, metrics })
  streams.start()
  observeCertificates(registry, () => certificates.expiries())
  const tlsFiles = config.tls && (await TlsFiles.open({ cert: config.tls.certFile, key: config.tls.keyFile }))
  const tls = tlsFiles?.pems
  const { publicOrigin, rateLimits, operatorToken } = config
  const waitForReplicas: WaitForReplicas = (fileId, count, signal) =>
    replicas.waitForReplicas(db, fileId, count, replicasMs, signal)
  const cookie = sessionCookie(isServedOverHttps({ tls, publicOrigin }))
  const app = await buildServer({
    contract: loadContract(),
    handlers: {
      ...accountHandlers(accounts, cookie, publicOrigin),
      ...sessionHandlers(sessions, tokens, cookie),
      ...fileHandlers(files),
      ...uploadHandler({ uploads, files, waitForReplicas, metrics }),
      ...downloadHandler(files, metrics),
      ...friendHandlers(friends, files),
      ...eventHandlers(streams, sessions, tokens),
      ...serverHandlers({
        server: config.name,
        version: VERSION,
        storageFault: () => storage.fault(),
        syncStatus: () => sync.status(),
        stateDigest: () => stateDigest(db),
        metrics: () => registry.metrics(),
      }),
    },
    credentials: {
      sessions: (secret) => sessions.authenticate(secret),
      tokens: (secret, username) => tokens.authenticate(secret, username),
      operatorToken,
    },
    logger,
    tls,
    publicOrigin,
    trustProxy: trustedProxies(config.trustProxy),
    rateLimits,
    onSent: metrics.requestCompleted,
  })
  if (tlsFiles !== undefined) certificates.add(tlsFiles, () => useTls(app.server, tlsFiles.pems))
  app.addHook('onClose', () => streams[Symbol.dispose]())
  return Object.assign(app, { [Symbol.asyncDispose]: () => closeWithin(GRACE_MS, app) })
}

/** A number N trusts the nearest N proxies. */
function trustedProxies(proxies: TrustedProxies) {
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies
}

/** Closes gracefully, and destroys connections that remain after `graceMs`. */
async function closeWithin(graceMs: number, app: FastifyInstance): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), graceMs)
  await app.close()
  clearTimeout(deadline)
}

/** Scrubs the blobs, and fetches corrupt ones again. */
async function scrubAndFetch(options: ScrubOptions, sync: Sync, signal: AbortSignal) {
  const { corrupt } = await scrub(options, signal)
  if (corrupt.length > 0) sync.refresh()
  return { corrupt }
}
