/** The composition root of a regional server: everything that it is made of, put together once. */

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { BlobStore } from '../blobs/blob-store.js'
import { missingTotal } from '../blobs/missing-blobs.js'
import { SCRUB_LOOK_MS, type ScrubOptions, scrub } from '../blobs/scrub.js'
import { CertificatesInUse } from '../certs/in-use.js'
import { openPeerTls } from '../certs/peer-tls.js'
import { TlsFiles } from '../certs/tls-files.js'
import type { RegionalConfig, TrustedProxies } from '../config/config.js'
import { loadContract } from '../contract/load.js'
import { takeDataDir } from '../db/data-dir.js'
import { Database } from '../db/engine/database.js'
import { identify } from '../db/identity.js'
import { stateDigest } from '../db/regional/digest.js'
import { indexAllNames } from '../db/search/name-indexing.js'
import { applyUnknownChanges } from '../domain/deferred-changes.js'
import { clean } from '../domain/garbage-collection.js'
import { noticeOtherWriters } from '../domain/other-writers.js'
import { argon2, Passwords } from '../domain/passwords.js'
import { SystemClock } from '../domain/system-clock.js'
import { accountHandlers } from '../http/api/accounts.js'
import { downloadHandler } from '../http/api/download.js'
import { eventHandlers } from '../http/api/events.js'
import { fileHandlers } from '../http/api/files.js'
import { friendHandlers } from '../http/api/friends.js'
import { serverHandlers } from '../http/api/server.js'
import { sessionHandlers } from '../http/api/sessions.js'
import { uploadHandler, type WaitForCopies } from '../http/api/upload.js'
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
import { GrandBytes } from '../sync/regional/blob-client.js'
import { NoSync } from '../sync/regional/no-sync-client.js'
import type { SyncPlugin } from '../sync/regional/sync-client.js'
import { connect } from '../sync/regional/websocket-channel.js'
import { HelperProcess } from './helper-process.js'
import { listenOrExplain } from './listen-error.js'
import { thisMachine } from './machine.js'
import {
  joinSphere,
  openTransfer,
  type RegionalServices,
  regionalServices,
  type TransferParts,
} from './regional-core.js'
import { StorageCheck } from './storage-check.js'

export interface Regional extends AsyncDisposable {
  /** Where it serves users, e.g. `http://127.0.0.1:5001`. */
  url: string
  /** Reads the certificates again, and goes on. */
  reload(): Promise<void>
}

export interface RegionalDependencies {
  /** Milliseconds since 1970. */
  now?: () => number
  logger?: Logger
  timing?: Partial<typeof TIMING>
  /** The built `bin/helper.ts`; without it this process does all by itself. */
  helperProgram?: string
}

/** How long an upload waits for the copies that it asks for, and how often what is done now and then is done. */
const TIMING = {
  copiesMs: 30_000,
  indexingMs: 1000,
  cleaningMs: 3600 * 1000,
  scrubMs: DAY_MS,
  certificatesMs: DAY_MS,
}

/** For requests that are under way when the server is told to close. */
const GRACE_MS = 10_000

/**
 * Opens a regional server, which serves users until it is disposed of: then it takes no more requests, finishes those
 * that are under way, and closes.
 * @throws DataDirInUse, UnusablePath, WrongServer, MigrationError, and what listening throws
 */
export async function openRegional(
  config: RegionalConfig,
  { now = Date.now, logger: given, timing: givenTiming = {}, helperProgram }: RegionalDependencies = {},
): Promise<Regional> {
  const timing = { ...TIMING, ...givenTiming }
  await using resources = new Resources()
  const logger = given ?? resources.use(openLog({ level: config.logLevel, server: config.name })).logger
  const certificates = new CertificatesInUse(logger, now)
  resources.use(takeDataDir(config.dataDir))
  const path = join(config.dataDir, 'regional.db')
  const helper = helperProgram === undefined ? undefined : new HelperProcess(helperProgram, logger)
  const db = resources.use(Database.open(path, 'regional', helper && (() => helper.checkpoint(path))))
  if (helper !== undefined) resources.use(helper)
  await identify(db, config.name)
  const storage = new StorageCheck({ db, dataDir: config.dataDir, logger })
  await storage.assertUsable()
  const blobs = new BlobStore(db, config.dataDir)
  const clock = new SystemClock(now)
  const machine = { ...thisMachine, now }
  const passwords = new Passwords(helper ?? argon2)
  const parts = { db, blobs, clock, machine, logger }
  const { grandUrl } = config
  const way = grandUrl === undefined ? undefined : await openWay(config, grandUrl, certificates, parts)
  const services = regionalServices(config, {
    db,
    blobs,
    now: () => clock.now(),
    chance: machine.chance,
    passwords,
    remoteRead: way && ((...range) => way.bytes.read(...range)),
  })
  await applyUnknownChanges(db, services.journal)
  const sync: Sync = way ? joinSphere(config, { ...parts, services }, way) : new NoSync(config.name, db)
  resources.use(sync)
  resources.use(noticeOtherWriters({ ...services, db, timers: machine.timers }))
  const sweepParts = (beforeMs: number) => sync.sweepParts(beforeMs)
  const { feed } = services
  const cleanOnce = (signal: AbortSignal) =>
    clean({ db, blobs, feed, sweepParts, now: () => clock.now() }, signal)
  resources.use(periodic('cleaning', timing.cleaningMs, cleanOnce, logger))
  const scrubbing = { db, blobs, now, everyMs: timing.scrubMs }
  const scrubOnce = (signal: AbortSignal) => scrubAndFetch(scrubbing, sync, signal)
  resources.use(periodic('scrub', Math.min(SCRUB_LOOK_MS, timing.scrubMs), scrubOnce, logger))
  const indexOnce = (signal: AbortSignal) => indexAllNames(db, signal)
  resources.use(periodic('names', timing.indexingMs, indexOnce, logger))
  const app = resources.use(
    await openHttp(config, db, services, sync, { ...timing, storage, certificates, logger }),
  )
  resources.use(certificates.watch(timing.certificatesMs))
  const scheme = config.tls === undefined ? 'http' : 'https'
  const listening = app.listen({
    host: config.host,
    port: config.port,
    backlog: 4096,
    // Fastify knows nothing of the TLS of its server.
    listenTextResolver: (address) => `listening at ${address.replace('http:', `${scheme}:`)}`,
  })
  await listenOrExplain(config, listening)
  // Only now: starting the process for it would take a core from the start of this one.
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
type Sync = NoSync | SyncPlugin

/** The way to the grand: for changes, and for blobs. */
async function openWay(
  config: RegionalConfig,
  grandUrl: string,
  certificates: CertificatesInUse,
  parts: TransferParts,
) {
  const tls = await openPeerTls(config.certsDir, config.name)
  // Whoever connects next asks for what is current then.
  certificates.add(tls, () => undefined)
  const dial: Dial = (events, onOpen) => connect(grandUrl, tls.pems, events, onOpen)
  return { dial, bytes: openTransfer(config, parts, new GrandBytes(grandUrl, () => tls.pems)) }
}

interface HttpParts {
  copiesMs: number
  storage: StorageCheck
  certificates: CertificatesInUse
  logger: Logger
}

async function openHttp(
  config: RegionalConfig,
  db: Database,
  services: Services,
  sync: Sync,
  { copiesMs, storage, certificates, logger }: HttpParts,
) {
  const { accounts, sessions, tokens, files, uploads, friends, feed, copies } = services
  const registry = createMetricsRegistry({ server: config.name, processMetrics: true })
  const metrics = createHttpMetrics(registry)
  observeSync(registry, () => ({ ...sync.status(), missing_blobs: missingTotal(db).blobs }))
  const streams = new EventStreams(feed, metrics)
  observeCertificates(registry, () => certificates.lives())
  const tlsFiles = config.tls && (await TlsFiles.open({ cert: config.tls.certFile, key: config.tls.keyFile }))
  const tls = tlsFiles?.pems
  const { publicOrigin, rateLimits, operatorToken } = config
  const waitForCopies: WaitForCopies = (fileId, count, signal) =>
    copies.wait(db, fileId, count, copiesMs, signal)
  const cookie = sessionCookie(isServedOverHttps({ tls, publicOrigin }))
  const app = await buildServer({
    contract: loadContract(),
    handlers: {
      ...accountHandlers(accounts, cookie, publicOrigin),
      ...sessionHandlers(sessions, tokens, cookie),
      ...fileHandlers(files),
      ...uploadHandler({ uploads, files, waitForCopies, metrics }),
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
    onSent: metrics.requestAnswered,
  })
  if (tlsFiles !== undefined) certificates.add(tlsFiles, () => useTls(app.server, tlsFiles.pems))
  app.addHook('onClose', () => streams[Symbol.dispose]())
  return Object.assign(app, { [Symbol.asyncDispose]: () => closeWithin(GRACE_MS, app) })
}

/** A number counts the proxies in front: as many hops are believed. */
function trustedProxies(proxies: TrustedProxies) {
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies
}

/** Lets what is under way finish, and cuts off what is not done by then. */
async function closeWithin(graceMs: number, app: FastifyInstance): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), graceMs)
  await app.close()
  clearTimeout(deadline)
}

/** Rotten bytes are missing from then on, and fetched again. */
async function scrubAndFetch(options: ScrubOptions, sync: Sync, signal: AbortSignal) {
  const { rotten } = await scrub(options, signal)
  if (rotten.length > 0) sync.look()
  return { rotten }
}
