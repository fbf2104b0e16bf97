/** Composes a regional server without HTTP and sockets, for the server and for the simulation. */
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

/** Composes the domain. */
export function regionalServices(
  { name: server, storageQuotaBytes, registration, maxFileSizeBytes, minFreeDiskBytes }: RegionalPolicy,
  { blobs, remoteRead, ...deps }: RegionalServicesDeps,
) {
  const { db, now } = deps
  const base = accountServices({ server, storageQuotaBytes, registration, ...deps })
  const { journal, replicas: availability, notifier } = base
  const quota = new Quota(db)
  return {
    ...base,
    files: new Files({ db, blobs, journal, availability, now, remoteRead }),
    uploads: new Uploads({
      db,
      blobs,
      journal,
      quota,
      availability,
      now,
      maxFileSizeBytes,
      minFreeDiskBytes,
    }),
    friends: new Friends({ db, journal, now }),
    eventLog: new EventLog({ db, notifier, now }),
  }
}

export interface TransferDeps {
  db: Database
  blobs: BlobStore
  clock: SystemClock
  machine: Machine
  logger: Logger
}

/** Creates the transfer of blobs to and from the grand. */
export function createBlobTransfer(
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

/** Starts the sync client. */
export function startSync(
  { name: server }: Pick<RegionalConfig, 'name'>,
  { db, blobs, services: { journal, replicas }, clock, machine: { timers, random }, logger }: StartSyncDeps,
  link: Pick<SyncClientDeps, 'dial' | 'transfer'>,
): SyncClient {
  const deps = { server, db, blobs, journal, replicas, clock, timers, random, logger }
  return new SyncClient({ ...link, ...deps }).start()
}
