/** The HTTP server of a regional, composed of its domain services. */

import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { missingTotal } from '../blobs/missing-blobs.js'
import type { CertificatesInUse } from '../certs/in-use.js'
import type { TlsFiles } from '../certs/tls-files.js'
import type { RegionalConfig, TrustedProxies } from '../config/config.js'
import { loadContract } from '../contract/load.js'
import type { Database } from '../db/engine/database.js'
import { stateDigest } from '../db/regional/digest.js'
import type { SyncStatus } from '../domain/sync-status.js'
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
import { VERSION } from '../lib/version.js'
import {
  createHttpMetrics,
  createMetricsRegistry,
  observeCertificates,
  observeSync,
} from '../observability/metrics.js'
import type { RegionalServices } from './regional-core.js'
import type { StorageCheck } from './storage-check.js'

/** Time for requests in flight when the server closes. */
const GRACE_MS = 10_000

interface HttpDeps {
  db: Database
  services: RegionalServices
  /** The certificate that users see. Without it the server speaks plain HTTP. */
  tlsFiles: TlsFiles<'cert' | 'key'> | undefined
  sync: { status(): SyncStatus }
  storage: StorageCheck
  certificates: CertificatesInUse
  /** How long an upload waits for its copies. */
  replicasMs: number
  logger: Logger
}

/** Builds the HTTP server. Disposing of it closes it gracefully. */
export async function buildHttp(
  config: RegionalConfig,
  { db, services, tlsFiles, sync, storage, certificates, replicasMs, logger }: HttpDeps,
) {
  const { accounts, sessions, tokens, files, uploads, friends, eventLog, replicas } = services
  const registry = createMetricsRegistry({ server: config.name, processMetrics: true })
  const metrics = createHttpMetrics(registry)
  observeSync(registry, () => ({ ...sync.status(), missing_blobs: missingTotal(db).blobs }))
  const streams = new EventStreams({ eventLog, metrics })
  streams.start()
  observeCertificates(registry, () => certificates.expiries())
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
