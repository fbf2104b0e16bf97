/**
 * Creates a regional's data folder as after years of use, deterministically, with the server's own functions. All
 * changes are acknowledged, so the outbox is empty, and all events have expired.
 */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { Database, type Tx } from '../../src/db/engine/database.js'
import { migrate } from '../../src/db/engine/migrate.js'
import { ensureIdentity } from '../../src/db/identity.js'
import { writeMeta } from '../../src/db/meta.js'
import { applyChange } from '../../src/db/regional/replica.js'
import { indexNames } from '../../src/db/search/name-index.js'
import { pageOf } from '../../src/domain/paging.js'
import { Passwords } from '../../src/domain/passwords.js'
import type { Random } from '../../src/lib/random.js'
import { systemTimers } from '../../src/lib/timers.js'
import type { Draft } from '../../src/model/change.js'
import { tick, ZERO_STAMP } from '../../src/model/clock.js'
import { folderOf, nameOf } from './names.js'
import { FOLDER, type Middles, OWNER, PASSWORD, RARE_WORD, SORTS } from './seeded.js'
import { SeededRandom } from './seeded-random.js'

export interface Seed {
  server: string
  /** Files of the one account that has files. */
  files: number
  /** Accounts, of which only the owner has files. */
  users: number
}

const BEGAN_MS = Date.UTC(2018, 0, 1)
const ENDED_MS = Date.UTC(2025, 0, 1)
const QUOTA_BYTES = 2 ** 40
const ROWS_PER_TRANSACTION = 20_000
const NAMES_PER_TRANSACTION = 200
/** The first files do not depend on the total, because rows of the benchmark search for some of them. */
const FIXED_FILES = 1000

/** Writes changes in order, each stamped with its simulated time. */
class Writer {
  readonly #server: string
  stamp = ZERO_STAMP

  constructor(server: string) {
    this.#server = server
  }

  apply(tx: Tx, atMs: number, draft: Draft): void {
    this.stamp = tick(this.stamp, atMs, this.#server)
    applyChange(tx, { ...draft, stamp: this.stamp })
  }
}

/**
 * @param say receives lines of progress
 * @returns for each sort order of a listing the cursor to its second half
 */
export async function seedDataDir(
  dataDir: string,
  seed: Seed,
  say: (line: string) => void,
): Promise<Middles> {
  mkdirSync(dataDir, { recursive: true })
  const connection = new BetterSqlite3(join(dataDir, 'regional.db'))
  // The folder is discarded on failure, so durability is not needed.
  connection.pragma('journal_mode = MEMORY')
  connection.pragma('synchronous = OFF')
  connection.pragma('cache_size = -1000000')
  connection.pragma('temp_store = MEMORY')
  migrate(connection, 'regional')
  await using db = Database.fromConnection(connection, systemTimers)
  await ensureIdentity(db, seed.server, randomOf(new SeededRandom('server')))
  const blobs = BlobStore.open(db, dataDir)
  const writer = new Writer(seed.server)
  const hash = await new Passwords().hash(PASSWORD)
  await inTransactions(db, 'users', seed.users, say, (tx, i) => {
    const atMs = timeOf(i, seed.users, BEGAN_MS - 365 * 24 * 3600 * 1000, BEGAN_MS)
    const username = i === 0 ? OWNER : `user-${i}`
    const fields = {
      username,
      created_at: new Date(atMs).toISOString(),
      storage_quota: QUOTA_BYTES,
      disabled: false,
    }
    const user_id = idOfUser(i, atMs)
    const password_id = new SeededRandom(`password of user ${i}`).uuid(atMs)
    const email_id = new SeededRandom(`email of user ${i}`).uuid(atMs)
    writer.apply(tx, atMs, { type: 'user.registered', key: user_id, fields })
    const password = { user_id, replaces: null, hash }
    writer.apply(tx, atMs, { type: 'password.set', key: password_id, fields: password })
    const email = { user_id, password_id, email: `${username}@example.org` }
    writer.apply(tx, atMs, { type: 'email.set', key: email_id, fields: email })
  })
  const owner_id = idOfUser(0, timeOf(0, seed.users, BEGAN_MS - 365 * 24 * 3600 * 1000, BEGAN_MS))
  await inTransactions(db, 'files', seed.files, say, (tx, i) => {
    const atMs =
      i < FIXED_FILES
        ? timeOf(i, FIXED_FILES, BEGAN_MS, BEGAN_MS + 24 * 3600 * 1000)
        : timeOf(i, seed.files, BEGAN_MS + 2 * 24 * 3600 * 1000, ENDED_MS)
    const file = fileOf(i, atMs)
    const stored_at = new Date(atMs)
    blobs.store(tx, { sha256: file.sha256, size: file.content.length, content: file.content }, stored_at)
    const { name, folder, media_type, sha256, visibility } = file
    const time = stored_at.toISOString()
    const fields = { owner_id, name, folder, media_type, sha256, visibility, size: file.content.length }
    writer.apply(tx, atMs, {
      type: 'file.uploaded',
      key: new SeededRandom(`id of file ${i}`).uuid(atMs),
      fields: { ...fields, created_at: time, modified_at: time },
    })
  })
  await db.write((tx) => writeMeta(tx, 'clock', writer.stamp))
  for (let indexed = 0, isDone = false; !isDone; ) {
    const count = await db.write((tx) => indexNames(tx, NAMES_PER_TRANSACTION))
    if (count > 0 && indexed % 100_000 === 0) say(`${indexed} names indexed`)
    indexed += count
    isDone = count < NAMES_PER_TRANSACTION
  }
  const middles = Object.fromEntries(
    SORTS.map((sort) => [sort, middleOf(connection, sort, seed.files)]),
  ) as Middles
  connection.pragma('journal_mode = WAL')
  return middles
}

function middleOf(connection: BetterSqlite3.Database, sort: string, files: number): string {
  const column = sort.replace('-', '')
  const order = column === 'name' ? 'name_folded' : column
  const direction = sort.startsWith('-') ? 'desc' : 'asc'
  const rows = connection
    .prepare(
      `select id, name, size, created_at from files where deleted = 0
       order by ${order} ${direction}, id ${direction} limit 2 offset ${Math.floor(files / 2)}`,
    )
    .all() as Record<string, string | number>[]
  const position = (row: (typeof rows)[number]) => [sort, row[column], row['id']] as (string | number)[]
  return String(pageOf(rows, 1, (row) => row, position).next_cursor)
}

async function inTransactions(
  db: Database,
  what: string,
  count: number,
  say: (line: string) => void,
  one: (tx: Tx, index: number) => void,
): Promise<void> {
  for (let from = 0; from < count; from += ROWS_PER_TRANSACTION) {
    const end = Math.min(count, from + ROWS_PER_TRANSACTION)
    await db.write((tx) => {
      for (let i = from; i < end; i += 1) one(tx, i)
    })
    if (end === count || end % 100_000 === 0) say(`${end} ${what} of ${count}`)
  }
}

function fileOf(i: number, atMs: number) {
  const random = new SeededRandom(`file ${i}`)
  const { name, mediaType } = nameOf(random, atMs)
  const content = Buffer.from(`the file ${i} `.padEnd(20 + random.below(200), '.'))
  return {
    // A hundred files are in one folder, and eight have one word in their name.
    name: i < FIXED_FILES && i % 125 === 7 ? `${RARE_WORD} ${name}` : name,
    folder: i < FIXED_FILES && i % 10 === 0 ? FOLDER : folderOf(random, atMs),
    media_type: mediaType,
    visibility: random.pick(['private', 'private', 'private', 'friends', 'public']),
    content,
    sha256: createHash('sha256').update(content).digest('hex'),
  }
}

function idOfUser(i: number, atMs: number): string {
  return new SeededRandom(`user ${i}`).uuid(atMs)
}

function timeOf(i: number, count: number, beganMs: number, endedMs: number): number {
  return Math.floor(beganMs + ((endedMs - beganMs) * i) / count)
}

function randomOf(random: SeededRandom): Random {
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => random.below(256)))
  return { fraction: () => random.fraction(), bytes, id: () => random.uuid(BEGAN_MS) }
}
