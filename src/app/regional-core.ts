/** What a regional server is made of, but for HTTP and sockets: put together for the server and for its simulation alike. */
import type { Logger } from 'pino'
import type { BlobStore } from '../blobs/blob-store.js'
import { IncomingBlobs } from '../blobs/incoming-blobs.js'
import type { RegionalConfig } from '../config/config.js'
import type { Database } from '../db/engine/database.js'
import { accountServices } from '../domain/account-services.js'
import { Feed } from '../domain/event-log.js'
import { Files, type RemoteRead } from '../domain/files.js'
import { Friends } from '../domain/friends.js'
import type { PasswordHashing } from '../domain/passwords.js'
import { Quota } from '../domain/quota.js'
import type { SystemClock } from '../domain/system-clock.js'
import { Uploads } from '../domain/uploads.js'
import type { Chance } from '../lib/random.js'
import { Bytes } from '../sync/regional/blob-transfer.js'
import type { RemoteBytes } from '../sync/regional/remote-blobs.js'
import { type SyncOptions, SyncPlugin } from '../sync/regional/sync-client.js'
import type { Machine } from './machine.js'

export type RegionalPolicy = Pick<
  RegionalConfig,
  'name' | 'storageQuotaBytes' | 'registration' | 'maxFileSizeBytes' | 'minFreeDiskBytes'
>

export interface ServicesGround {
  db: Database
  blobs: BlobStore
  now: () => number
  chance: Chance
  passwords?: PasswordHashing
  remoteRead?: RemoteRead | undefined
}

export type RegionalServices = ReturnType<typeof regionalServices>

/** The domain. */
export function regionalServices(
  { name: server, storageQuotaBytes: storageQuota, registration, ...policy }: RegionalPolicy,
  { blobs, remoteRead, ...ground }: ServicesGround,
) {
  const { db, now } = ground
  const base = accountServices({ server, storageQuota, registration, ...ground })
  const { journal, copies, live } = base
  const quota = new Quota(db)
  const { maxFileSizeBytes: maxFileSize, minFreeDiskBytes: minFreeDisk } = policy
  return {
    ...base,
    files: new Files({ db, blobs, journal, holders: copies, now, remoteRead }),
    uploads: new Uploads({ db, blobs, journal, quota, holders: copies, now, maxFileSize, minFreeDisk }),
    friends: new Friends(db, journal, now),
    feed: new Feed(db, live, now),
  }
}

export interface TransferParts {
  db: Database
  blobs: BlobStore
  clock: SystemClock
  machine: Machine
  logger: Logger
}

/** What brings blobs to the grand and from it. */
export function openTransfer(
  { dataDir }: Pick<RegionalConfig, 'dataDir'>,
  { db, blobs, clock, machine, logger }: TransferParts,
  grand: RemoteBytes,
): Bytes {
  const { timers, chance, files } = machine
  const incoming = new IncomingBlobs(db, blobs, dataDir, { files, now: () => clock.now() })
  return new Bytes({ grand, db, blobs, incoming, timers, chance, logger })
}

export interface SyncParts extends TransferParts {
  services: Pick<RegionalServices, 'journal' | 'copies'>
}

/** Begins to keep in step with the sphere. */
export function joinSphere(
  { name: server }: Pick<RegionalConfig, 'name'>,
  { db, blobs, services: { journal, copies }, clock, machine: { timers, chance }, logger }: SyncParts,
  way: Pick<SyncOptions, 'dial' | 'bytes'>,
): SyncPlugin {
  return new SyncPlugin({ ...way, server, db, blobs, journal, copies, clock, timers, chance, logger }).start()
}
