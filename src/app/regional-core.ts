/** What a regional server is made of, but for HTTP and sockets: put together for the server and for its simulation alike. */
import type { Logger } from 'pino'
import type { BlobStore } from '../blobs/blob-store.js'
import { IncomingBlobs } from '../blobs/incoming-blobs.js'
import type { RegionalConfig } from '../config/config.js'
import type { Database } from '../db/engine/database.js'
import { accountServices } from '../domain/account-services.js'
import { EventLog } from '../domain/event-log.js'
import { Files, type RemoteRead } from '../domain/files.js'
import { Friends } from '../domain/friends.js'
import type { PasswordHashing } from '../domain/passwords.js'
import { Quota } from '../domain/quota.js'
import type { SystemClock } from '../domain/system-clock.js'
import { Uploads } from '../domain/uploads.js'
import type { Random } from '../lib/random.js'
import { BlobTransfer } from '../sync/regional/blob-transfer.js'
import type { RemoteBlobs } from '../sync/regional/remote-blobs.js'
import { SyncClient, type SyncClientDeps } from '../sync/regional/sync-client.js'
import type { Machine } from './machine.js'

export type RegionalPolicy = Pick<
  RegionalConfig,
  'name' | 'storageQuotaBytes' | 'registration' | 'maxFileSizeBytes' | 'minFreeDiskBytes'
>

export interface RegionalServicesDeps {
  db: Database
  blobs: BlobStore
  now: () => number
  random: Random
  passwords?: PasswordHashing
  remoteRead?: RemoteRead | undefined
}

export type RegionalServices = ReturnType<typeof regionalServices>

/** The domain. */
export function regionalServices(
  { name: server, storageQuotaBytes: storageQuota, registration, ...policy }: RegionalPolicy,
  { blobs, remoteRead, ...deps }: RegionalServicesDeps,
) {
  const { db, now } = deps
  const base = accountServices({ server, storageQuota, registration, ...deps })
  const { journal, replicas, notifier } = base
  const quota = new Quota(db)
  const { maxFileSizeBytes: maxFileSize, minFreeDiskBytes: minFreeDisk } = policy
  return {
    ...base,
    files: new Files({ db, blobs, journal, availability: replicas, now, remoteRead }),
    uploads: new Uploads({
      db,
      blobs,
      journal,
      quota,
      availability: replicas,
      now,
      maxFileSize,
      minFreeDisk,
    }),
    friends: new Friends(db, journal, now),
    eventLog: new EventLog(db, notifier, now),
  }
}

export interface TransferDeps {
  db: Database
  blobs: BlobStore
  clock: SystemClock
  machine: Machine
  logger: Logger
}

/** What brings blobs to the grand and from it. */
export function openTransfer(
  { dataDir }: Pick<RegionalConfig, 'dataDir'>,
  { db, blobs, clock, machine, logger }: TransferDeps,
  grand: RemoteBlobs,
): BlobTransfer {
  const { timers, random, files } = machine
  const incoming = IncomingBlobs.open(db, blobs, dataDir, { files, now: () => clock.now() })
  return new BlobTransfer({ grand, db, blobs, incoming, timers, random, logger })
}

export interface StartSyncDeps extends TransferDeps {
  services: Pick<RegionalServices, 'journal' | 'replicas'>
}

/** Begins to keep in step with the sphere. */
export function startSync(
  { name: server }: Pick<RegionalConfig, 'name'>,
  { db, blobs, services: { journal, replicas }, clock, machine: { timers, random }, logger }: StartSyncDeps,
  link: Pick<SyncClientDeps, 'dial' | 'transfer'>,
): SyncClient {
  return new SyncClient({
    ...link,
    server,
    db,
    blobs,
    journal,
    replicas,
    clock,
    timers,
    random,
    logger,
  }).start()
}
