/** Checks of a simulated sphere once every fault is healed and no work is pending. */
import { createHash } from 'node:crypto'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { Database, type Reader } from '../../src/db/engine/database.js'
import { ensureIdentity } from '../../src/db/identity.js'
import { listDeferred } from '../../src/db/regional/deferred.js'
import { stateDigest } from '../../src/db/regional/digest.js'
import { EventRecorder } from '../../src/domain/event-recorder.js'
import { Journal } from '../../src/domain/journal.js'
import { Notifier } from '../../src/domain/notifier.js'
import { Replicas } from '../../src/domain/replicas.js'
import { mergedColumns } from '../../src/model/merge.js'
import { declarationOf, TABLES, type TableName } from '../../src/model/tables.js'
import { Applier } from '../../src/sync/regional/apply.js'
import { faultsOfAuthority } from './authority.js'
import { type Ledger, mergedDeferred } from './ledger.js'
import { MemoryFiles } from './memory-files.js'
import {
  IMMEDIATE_TIMERS,
  openCopy,
  type SimulatedGrand,
  type SimulatedRegional,
  templateOf,
} from './servers.js'

export interface Sphere {
  grand: SimulatedGrand
  regionals: SimulatedRegional[]
  ledger: Ledger
}

/** Names one piece of pending work, or returns undefined when the sphere is idle. */
export function pendingWork(sphere: Sphere): string | undefined {
  const { grand, regionals, ledger } = sphere
  const { core } = grand
  if (core === undefined) return 'the grand is down'
  const head = core.log.head().gseq
  for (const { name, sync, reader } of regionals) {
    const status = sync?.status()
    if (status === undefined) return `${name} is down`
    if (!status.connected) return `${name} is not connected: ${status.detail}`
    if (status.applied_position !== head)
      return `${name} has applied ${status.applied_position} of ${head} entries`
    if (countOf(reader, 'select count(*) from outbox') > 0) return `${name} has unacknowledged changes`
    const [missing] = missingOf(reader, ledger)
    if (missing !== undefined) return `${name} misses the blob ${missing}`
    if (missingOf(reader).length === 0 && core.hub.watermarks.get(name) !== head) {
      return `the watermark of ${name} is ${core.hub.watermarks.get(name)} of ${head}`
    }
  }
  const [missing] = missingOf(grand.reader, ledger)
  if (missing !== undefined) return `the grand misses the blob ${missing}`
  return staleReplicas(sphere)[0]
}

/** Lists the faults of an idle sphere. */
export async function faultsOf(sphere: Sphere): Promise<string[]> {
  const { regionals, ledger } = sphere
  const each = regionals.flatMap((regional) => [
    ...ledger.faultsOf(regional),
    ...faultsOfRows(regional).map((fault) => `${regional.name}: ${fault}`),
    ...faultsOfAuthority(regional.reader).map((fault) => `${regional.name}: ${fault}`),
    ...faultsOfInactive(regional).map((fault) => `${regional.name}: ${fault}`),
    ...faultsOfBlobs(regional).map((fault) => `${regional.name}: ${fault}`),
  ])
  return [
    ...each,
    ...ledger.faultsOfOrder(),
    ...ledger.unknown.faults(),
    ...(await faultsOfDigests(sphere)),
    ...faultsOfDerived(regionals),
    ...faultsOfDeferred(regionals),
  ]
}

/** All regionals have equal digests, and a replay of the log gives the same digest. */
async function faultsOfDigests({ grand, regionals }: Sphere): Promise<string[]> {
  const [first, ...others] = await Promise.all(
    regionals.map(async ({ name, reader }) => ({ name, digest: await stateDigest(reader) })),
  )
  if (first === undefined) return []
  const faults = others
    .filter(({ digest }) => digest !== first.digest)
    .map(({ name }) => `${first.name} and ${name} have different states: ${differenceOf(regionals, name)}`)
  const replayed = await replay(grand)
  return replayed === first.digest
    ? faults
    : [...faults, `a replay of the log gives another state: ${replayed}`]
}

/** Finds the first row in which the first regional and another one differ. */
function differenceOf([first, ...others]: SimulatedRegional[], name: string): string {
  const other = others.find((regional) => regional.name === name)
  for (const table of Object.keys(TABLES)) {
    const columns = ['id', ...mergedColumns(table as TableName), 'created_stamp', 'stamps']
    const sql = `select json_array(${columns.join()}) as line from ${table} order by id`
    const lines = [first, other].map(
      (regional) => regional?.reader.all<unknown, { line: string }>({ sql, parameters: [] }) ?? [],
    )
    const [a = [], b = []] = lines.map((rows) => rows.map(({ line }) => line))
    const difference = a.find((line) => !b.includes(line)) ?? b.find((line) => !a.includes(line))
    const id = difference === undefined ? undefined : JSON.parse(difference)[0]
    if (id !== undefined) return [a, b].map((all) => all.find((line) => line.includes(id))).join(' and ')
  }
  return 'the rows are equal'
}

/** Applies the whole log to an empty regional, which checks positions and the hash chain; returns the digest. */
async function replay({ core }: SimulatedGrand): Promise<string> {
  const connection = openCopy(templateOf('regional'))
  const db = Database.fromConnection(connection, IMMEDIATE_TIMERS)
  const server = 'replay'
  await ensureIdentity(db, server)
  const deadLetters: string[] = []
  const now = () => 0
  const events = new EventRecorder({ notifier: new Notifier(), availability: new Replicas(server), now })
  const applier = new Applier({
    db,
    blobs: BlobStore.open(db, '/replay', { files: new MemoryFiles(() => 0) }),
    journal: new Journal({ server, now, events }),
    server,
    now,
    onDeadLetter: (gseq, reason) => deadLetters.push(`dead letter ${gseq}: ${reason}`),
  })
  try {
    const entries = core?.log.read(0, Number.MAX_SAFE_INTEGER) ?? []
    await applier.apply(entries, [], { log_id: core?.log.id ?? '', gseq: 0, ghash: '0'.repeat(64) })
    return deadLetters[0] ?? (await stateDigest(db))
  } catch (error) {
    return (error as Error).message
  } finally {
    connection.close()
  }
}

function faultsOfRows({ reader }: SimulatedRegional): string[] {
  const count = (what: string, sql: string) => {
    const rows = countOf(reader, sql)
    return rows === 0 ? [] : [`${rows} ${what}`]
  }
  return [
    ...count('dead letters', 'select count(*) from dead_letters'),
    ...count('unpublished rows', 'select count(*) from unpublished'),
    ...count('accounts with a wrong used_storage', WRONG_STORAGE),
    ...count('names with two holders', nameHolders('username_login')),
    ...count('emails with two holders', nameHolders('email_login')),
    ...count('friendships with an invalid key', WRONG_PAIRS),
    ...count('accounts without a password that holds', WITHOUT_PASSWORD),
    ...count('open friend requests of a pair that is settled', SETTLED_REQUESTS),
    ...count('missing blobs that no row references', NOT_REFERENCED),
    ...count('live rows and blob references that differ', wrongReferences()),
    ...count(
      'blobs that are both missing and stored',
      'select count(*) from missing join blobs using (sha256)',
    ),
    ...count("rows with a stamp ahead of the server's clock", stampsAhead()),
    ...count('blob references without a log position', WITHOUT_POSITION),
    ...count('files without the log position of their reference', WRONG_POSITION),
  ]
}

/** An inactive account has no valid session or token, and its files are not visible. */
function faultsOfInactive({ reader, services }: SimulatedRegional): string[] {
  const ids = (sql: string) => reader.all<unknown, { id: string }>({ sql, parameters: [] })
  const faults: string[] = []
  for (const { id } of ids(`select id from sessions where user_id in (${INACTIVE})`))
    if (services?.sessions.isLive(id)) faults.push(`the session ${id} of an inactive account is valid`)
  for (const { id } of ids(`select id from tokens where user_id in (${INACTIVE})`))
    if (services?.tokens.isLive(id)) faults.push(`the token ${id} of an inactive account is valid`)
  for (const { id } of ids(`select id from files where deleted = 0 and owner_id in (${INACTIVE})`))
    if (isVisible(() => services?.files.get({ kind: 'anonymous' }, id)))
      faults.push(`the file ${id} of an inactive account is visible`)
  return faults
}

const INACTIVE = 'select id from users where disabled = 1 or closed_at is not null or deleted = 1'

function isVisible(read: () => unknown): boolean {
  try {
    return read() !== undefined
  } catch {
    return false
  }
}

const WRONG_STORAGE = `select count(*) from users where used_storage <>
  (select coalesce(sum(size), 0) from files where owner_id = users.id and deleted = 0)`
const WRONG_PAIRS = `select count(*) from friendships where user_a >= user_b or id <> user_a || ':' || user_b`
const WITHOUT_PASSWORD = `select count(*) from users where deleted = 0 and password_hash <> coalesce(
  (select hash from passwords where passwords.id = password_id and held_until = '~'), '')`
const SETTLED_REQUESTS = `select count(*) from friend_requests join friendships
  on friendships.id in (from_id || ':' || to_id, to_id || ':' || from_id)
  where is_open = 1 and (active = 1 or
    coalesce(json_extract(friendships.stamps, '$.active'), friendships.created_stamp) > friend_requests.created_stamp)`
const NOT_REFERENCED = `select count(*) from missing where not exists
  (select 1 from blob_refs where blob_refs.sha256 = missing.sha256 and blob_refs.size = missing.size)`
const WRONG_POSITION = `select count(*) from files join blob_refs on blob_refs.key = files.id and kind = 'file'
  where files.gseq is not blob_refs.gseq`

/** The tables that declare a blob. Deferred changes have references of other kinds. */
const BLOB_TABLES = (Object.keys(TABLES) as TableName[]).flatMap((table) => {
  const { kind, owner, blob } = declarationOf(table)
  return blob === undefined ? [] : [{ table, kind, owner, blob }]
})
const REFERENCES = `(select * from blob_refs where kind in (${BLOB_TABLES.map(({ kind }) => `'${kind}'`).join()}))`
const WITHOUT_POSITION = `select count(*) from ${REFERENCES} where gseq = 0`

/** Counts live rows of live accounts without the declared reference, and references without such a row. */
function wrongReferences(): string {
  const live = BLOB_TABLES.map(({ table, kind, owner, blob }) => {
    const isOwned = owner === undefined ? '' : `and ${owner} not in (select id from users where deleted = 1)`
    return `select '${kind}' as kind, id, ${blob.sha256} as sha256, ${blob.size} as size
      from ${table} where deleted = 0 ${isOwned}`
  })
  return `select count(*) from (${live.join(' union all ')}) as live full join ${REFERENCES} as refs
    on (live.kind, live.id, live.sha256, live.size) = (refs.kind, refs.key, refs.sha256, refs.size)
    where live.id is null or refs.key is null`
}

function nameHolders(column: string): string {
  return `select count(*) from (select 1 from users where deleted = 0 group by ${column} having count(*) > 1)`
}

/** Counts rows with a stamp above the server's clock; the next user action on such a row would lose against it. */
function stampsAhead(): string {
  const ahead = Object.keys(TABLES).map(
    (table) => `select 1 from ${table}, seen where created_stamp > clock
      or exists (select 1 from json_each(stamps) where value > clock)`,
  )
  return `with seen as (select value as clock from meta where key = 'clock')
    select count(*) from (${ahead.join(' union all ')})`
}

/** Derived columns are equal on all regionals. */
function faultsOfDerived(regionals: SimulatedRegional[]): string[] {
  const shown = regionals.map(({ reader }) =>
    JSON.stringify(reader.all({ sql: DERIVED, parameters: [] as unknown[] })),
  )
  return new Set(shown).size === 1 ? [] : ['the regionals have different derived columns']
}

const DERIVED = `select id, username_shown, username_login, email_shown, email_login, active, closed_at,
  password_id, password_hash, email_id, email,
  case deleted when 1 then 0 else used_storage end as used from users order by id`

/** The regionals have equivalent deferred changes, so a lost row that returns becomes the same everywhere. */
function faultsOfDeferred(regionals: SimulatedRegional[]): string[] {
  const [one = '', ...others] = regionals.map(({ reader }) => {
    const rows = reader.all<unknown, { kind: string; key: string }>({ sql: DEFERRED_ROWS, parameters: [] })
    const awaited = rows.map((row) => {
      const { cells = {}, stamps = {} } = mergedDeferred(listDeferred(reader, row)) ?? {}
      return [row, Object.entries(cells).sort(), Object.entries(stamps).sort()]
    })
    return JSON.stringify(awaited)
  })
  const other = others.find((waiting) => waiting !== one)
  return other === undefined ? [] : [`the regionals have different deferred changes: ${one} and ${other}`]
}

const DEFERRED_ROWS = "select distinct kind, key from deferred where reason = 'row' order by kind, key"

/** Every referenced blob is stored with the right content, or listed as missing. */
function faultsOfBlobs({ reader, durable }: SimulatedRegional): string[] {
  const blobs = reader.all<unknown, { sha256: string; size: number; content: Buffer | null }>({
    sql: 'select sha256, size, content from blobs',
    parameters: [],
  })
  const wrong = blobs.filter(({ sha256, content }) => {
    const path = `/data/blobs/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
    const bytes = content ?? durable.files.contentOf(path)
    return bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== sha256
  })
  const unknown = countOf(reader, UNKNOWN_BLOBS)
  return [
    ...wrong.map(({ sha256 }) => `the blob ${sha256} is corrupt or gone`),
    ...(unknown === 0 ? [] : [`${unknown} referenced blobs are neither stored nor missing`]),
  ]
}

const UNKNOWN_BLOBS = `select count(*) from blob_refs
  where not exists (select 1 from blobs where blobs.sha256 = blob_refs.sha256)
  and not exists (select 1 from missing where missing.sha256 = blob_refs.sha256)`

/** If no blob is missing, every regional reports every file as stored on all servers. */
function staleReplicas({ grand, regionals }: Sphere): string[] {
  if (regionals.some(({ reader }) => missingOf(reader).length > 0)) return []
  const all = [...regionals.map(({ name }) => name), grand.name].sort().join()
  return regionals.flatMap(({ name, reader, services }) => {
    const files = reader.all<unknown, { id: string; owner_id: string }>({ sql: LIVE_FILES, parameters: [] })
    return files.flatMap(({ id, owner_id: user_id }) => {
      const caller = { kind: 'session', user_id, session_id: '', session_created_at: '' } as const
      const held = services?.files.get(caller, id).file.stored_on ?? []
      const text = [...held].sort().join()
      return text === all ? [] : [`${name} reports ${id} as stored on ${text}`]
    })
  })
}

const LIVE_FILES = `select files.id, owner_id from files join users on users.id = owner_id
  where files.deleted = 0 and users.active = 1`

/** Hashes of missing blobs; with a ledger, only those that must not be missing. */
function missingOf(reader: Reader, ledger?: Ledger): string[] {
  const rows = reader.all<unknown, { sha256: string }>({ sql: 'select sha256 from missing', parameters: [] })
  return rows.map(({ sha256 }) => sha256).filter((sha256) => ledger === undefined || !ledger.mayMiss(sha256))
}

function countOf(reader: Reader, sql: string): number {
  const row = reader.get<unknown, Record<string, number>>({ sql, parameters: [] })
  return Object.values(row ?? {})[0] ?? 0
}
