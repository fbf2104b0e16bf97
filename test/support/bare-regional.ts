import { createHash } from 'node:crypto'
import BetterSqlite3 from 'better-sqlite3'
import { pino } from 'pino'
import type { Test } from 'tap'
import { regionalServices } from '../../src/app/regional-core.js'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { Database } from '../../src/db/engine/database.js'
import { migrate } from '../../src/db/engine/migrate.js'
import { ensureIdentity } from '../../src/db/identity.js'
import { readMeta } from '../../src/db/meta.js'
import { systemRandom } from '../../src/lib/random.js'
import { systemTimers } from '../../src/lib/timers.js'
import { NO_HASH } from '../../src/log/change-log.js'
import type { Change } from '../../src/model/change.js'
import { encodeChange } from '../../src/sync/protocol.js'
import { Applier } from '../../src/sync/regional/apply.js'

export const AT = '2026-11-23T10:00:00.000Z'

const QUOTA_BYTES = 1000

/** The storage, domain and applier of a regional `eu` without a network. */
export async function bareRegional(t: Test) {
  const connection = new BetterSqlite3(':memory:')
  migrate(connection, 'regional')
  const db = Database.fromConnection(connection, systemTimers)
  t.teardown(() => db[Symbol.asyncDispose]())
  await ensureIdentity(db, 'eu')
  const dataDir = t.testdir({})
  const blobs = BlobStore.open(db, dataDir)
  const now = () => Date.parse(AT)
  const policy = {
    name: 'eu',
    storageQuotaBytes: QUOTA_BYTES,
    registration: 'open',
    maxFileSizeBytes: 10 * QUOTA_BYTES,
    minFreeDiskBytes: 0,
  } as const
  const services = regionalServices(policy, { db, blobs, now, random: systemRandom })
  const deadLetters: string[] = []
  const onDeadLetter = (_gseq: number, reason: string) => void deadLetters.push(reason)
  const { journal, replicas, uploads } = services
  const applier = new Applier({ db, blobs, journal, server: 'eu', now, onDeadLetter })
  const logger = pino({ level: 'silent' })
  return {
    connection,
    db,
    dataDir,
    blobs,
    services,
    journal,
    replicas,
    uploads,
    applier,
    deadLetters,
    logger,
    now,
  }
}

/** The fields of a registration. */
export function registration(username: string) {
  return {
    username,
    created_at: AT,
    storage_quota: QUOTA_BYTES,
    disabled: false,
  }
}

/** A registration as a change in the log. */
export function registered(username: string, origin: string, epoch: string, oseq: number): Change {
  const fields = registration(username)
  const stamp = `0${Date.parse(AT).toString(16)}-${oseq.toString(16).padStart(4, '0')}-${origin}`
  const envelope = { v: 1, id: systemRandom.id(), origin, epoch, oseq, stamp } as const
  return { ...envelope, type: 'user.registered', key: systemRandom.id(), fields }
}

/** Encodes changes as the first entries of a log. */
export function entriesOf(changes: Change[]) {
  let ghash = NO_HASH
  return changes.map((sent, index) => {
    const change = encodeChange(sent)
    ghash = createHash('sha256').update(ghash).update(change).digest('hex')
    return { gseq: index + 1, ghash, logged_at: index + 1, change }
  })
}

/** The log position up to which a database has applied the log; 0 before the first entry. */
export function positionOf(db: Database): number {
  const cursor = readMeta(db, 'cursor')
  return cursor === undefined ? 0 : JSON.parse(cursor).gseq
}
