/** What a regional server is made of, but for HTTP and sockets: put together for the server and for its simulation alike. */
import type { Logger } from 'pino'
import type { Chance } from './chance.js'
import type { RegionalConfig } from './config.js'
import { accountServices } from './domain/account-services.js'
import { Feed } from './domain/feed.js'
import { Files } from './domain/files.js'
import { Friends } from './domain/friends.js'
import type { PasswordHashing } from './domain/passwords.js'
import { Quota } from './domain/quota.js'
import type { SystemClock } from './domain/system-clock.js'
import { Uploads } from './domain/uploads.js'
import type { Machine } from './machine.js'
import type { BlobStore } from './storage/blobs.js'
import type { Database } from './storage/database.js'
import { IncomingBlobs } from './storage/incoming-blobs.js'
import { type SyncOptions, SyncPlugin } from './sync/regional/plugin.js'

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
}

export type RegionalServices = ReturnType<typeof regionalServices>

/** The domain. */
export function regionalServices(
  { name: server, storageQuotaBytes: storageQuota, registration, ...policy }: RegionalPolicy,
  { blobs, ...ground }: ServicesGround,
) {
  const { db, now } = ground
  const base = accountServices({ server, storageQuota, registration, ...ground })
  const { journal, copies, live } = base
  const quota = new Quota(db)
  const { maxFileSizeBytes: maxFileSize, minFreeDiskBytes: minFreeDisk } = policy
  return {
    ...base,
    files: new Files({ db, blobs, journal, holders: copies, now }),
    uploads: new Uploads({ db, blobs, journal, quota, holders: copies, now, maxFileSize, minFreeDisk }),
    friends: new Friends(db, journal, now),
    feed: new Feed(db, live, now),
  }
}

export interface SyncParts {
  db: Database
  blobs: BlobStore
  services: Pick<RegionalServices, 'journal' | 'copies' | 'files'>
  clock: SystemClock
  machine: Machine
  logger: Logger
}

/** Begins to keep in step with the sphere, by a way to the grand. */
export function joinSphere(
  { name: server, dataDir }: Pick<RegionalConfig, 'name' | 'dataDir'>,
  { db, blobs, services, clock, machine, logger }: SyncParts,
  way: Pick<SyncOptions, 'dial' | 'grand'>,
): SyncPlugin {
  const { journal, copies, files } = services
  const { timers, chance } = machine
  const now = () => clock.now()
  const incoming = new IncomingBlobs(db, blobs, dataDir, { files: machine.files, now })
  const sync = new SyncPlugin({
    ...way,
    server,
    db,
    blobs,
    incoming,
    journal,
    copies,
    clock,
    timers,
    chance,
    logger,
  })
  files.remoteRead = (sha256, size, start, end) => sync.remote.read(sha256, size, start, end)
  return sync
}
