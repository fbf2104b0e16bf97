import assert from 'node:assert/strict'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Database, type Query } from '../../src/db/engine/database.js'
import { stateDigest } from '../../src/db/regional/digest.js'
import { fold } from '../../src/db/regional/fold.js'
import { applyChange } from '../../src/db/regional/replica.js'
import { type Bounds, listFiles } from '../../src/db/search/file-listing.js'
import type { FileFilter, SeekKey, SortColumn } from '../../src/db/search/file-queries.js'
import { indexNames } from '../../src/db/search/name-index.js'
import { indexAllNames } from '../../src/db/search/name-indexing.js'
import type { FileView } from '../../src/domain/views.js'
import { parse } from '../../src/lib/json.js'
import type { Fact } from '../../src/model/change.js'
import type { Visibility } from '../../src/model/tables.js'
import { bareRegional } from '../support/bare-regional.js'
import { checkPropertyAsync } from '../support/property.js'

const OWNERS = ['01a207e2-48c0-7173-b83d-00000000000a', '01a207e2-48c0-7173-b83d-00000000000b'] as const
const OWNER = OWNERS[0]
const STAMP = '01ba60d33802-0000-eu'

/** Small enough that a few files exercise every plan. */
const SMALL: Bounds = { shortScan: 2, longScan: { index: 3, row: 2 }, candidates: 4 }
const CANDIDATES_ONLY: Bounds = { shortScan: 1, longScan: { index: 1, row: 1 }, candidates: 1000 }
const SCANS_ONLY: Bounds = { shortScan: 1, longScan: { index: 2, row: 2 }, candidates: -1 }

interface File {
  name: string
  folder: string
  size: number
  visibility: Visibility
  owner: number
}

const idOf = (index: number) => `01a207e2-48c0-7173-b83d-${String(index).padStart(12, '0')}`

let stamps = 0
function nextStamp(): string {
  stamps += 1
  return `01ba60d33802-${(stamps % 0xffff).toString(16).padStart(4, '0')}-eu`
}

function uploaded(index: number, { name, folder, size, visibility, owner }: File): Fact {
  const time = new Date(Date.UTC(2026, 0, 1) + (index % 7) * 1000).toISOString()
  const fields = {
    owner_id: OWNERS[owner] as string,
    ...{ name, folder, size, visibility },
    media_type: 'text/plain',
    sha256: 'a'.repeat(64),
    created_at: time,
    modified_at: time,
  }
  return { type: 'file.uploaded', key: idOf(index), stamp: STAMP, fields }
}

const renamed = (index: number, name: string): Fact => ({
  type: 'file.updated',
  key: idOf(index),
  stamp: nextStamp(),
  fields: { name, modified_at: '2026-02-01T00:00:00.000Z' },
})
const deleted = (index: number): Fact => ({
  type: 'file.deleted',
  key: idOf(index),
  stamp: nextStamp(),
  fields: { deleted: true },
})

function registered(index: number): Fact {
  const username = `user-${index}`
  const fields = {
    ...{ username, storage_quota: 1e9, disabled: false, created_at: '2026-01-01T00:00:00.000Z' },
  }
  return { type: 'user.registered', key: OWNERS[index] as string, stamp: STAMP, fields }
}

async function serverWith(facts: Fact[]): Promise<Database> {
  const db = Database.open(':memory:', 'regional')
  await applyFacts(db, [registered(0), registered(1), ...facts])
  return db
}

function applyFacts(db: Database, facts: Fact[]): Promise<void> {
  return db.write((tx) => {
    for (const fact of facts) applyChange(tx, fact)
  })
}

const rawQuery = <Row>(sql: string) => ({ sql, parameters: [] }) as Query<Record<never, never>, Row>

/** The number of indexed names, of files with a name number, and of live files. */
function indexCounts(db: Database): { names: number; numbered: number; live: number } {
  const sql = `select (select count(*) from name_trigrams) as names,
    (select count(*) from files where name_number is not null) as numbered,
    (select count(*) from files where deleted = 0) as live`
  return db.get(rawQuery(sql)) as { names: number; numbered: number; live: number }
}

interface Order {
  sort: SortColumn
  descending: boolean
}

type ListedView = Omit<FileView, 'available' | 'stored_on'>

const VALUE = {
  name: (row: ListedView) => fold(row.name),
  created_at: (row: ListedView) => row.created_at,
  size: (row: ListedView) => row.size,
}

/** All pages of a list. `between` runs between two pages. */
async function allPages(
  db: Database,
  filter: FileFilter,
  order: Order,
  bounds: Bounds,
  between: () => Promise<void> = async () => {},
): Promise<ListedView[]> {
  const limit = 3
  const found: ListedView[] = []
  for (let after: SeekKey | undefined; ; await between()) {
    const { rows, scannedTo } = listFiles(db, filter, { ...order, limit, after }, bounds)
    const files = rows.map(({ shown }) => parse(shown))
    found.push(...files)
    const last = files.at(-1)
    if (rows.length === limit) after = last && { value: VALUE[order.sort](last), id: last.id }
    else if (scannedTo !== undefined) after = { ...scannedTo, value: seekValue(order.sort, scannedTo.value) }
    else return found
  }
}

const seekValue = (sort: SortColumn, value: string | number) =>
  sort === 'name' ? fold(String(value)) : value

const NAME_PARTS = [
  ...[
    'report',
    'Report',
    're',
    'e',
    'R',
    ' ',
    '.',
    '2026',
    '-',
    '"',
    "'",
    '%',
    '_',
    '*',
    '(',
    ')',
    '\\',
    '/x',
  ],
  ...[
    'ß',
    'SS',
    'é',
    'É',
    'e\u0301',
    '報',
    '告',
    '書',
    '報告',
    'Ω',
    'ς',
    'σ',
    'İ',
    'ﬁ',
    '😀',
    '👩‍👩‍👧',
    'ا',
    'NEAR',
    'AND',
    'or',
    ':',
  ],
]
const text = (minLength: number, maxLength: number) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .array(fc.constantFrom(...NAME_PARTS), { minLength, maxLength })
        .map((parts) => parts.join('')),
    },
    // Like most names.
    {
      weight: 4,
      arbitrary: fc.string({ unit: fc.constantFrom(...'aabbcd.'), minLength, maxLength: 2 * maxLength }),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength, maxLength }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength, maxLength }) },
  )
const file: fc.Arbitrary<File> = fc.record({
  name: text(1, 6),
  folder: fc.constantFrom('/', '/a', '/a/b'),
  size: fc.integer({ min: 0, max: 3 }),
  visibility: fc.constantFrom('private', 'friends', 'public'),
  owner: fc.constantFrom(0, 0, 0, 1),
})
const order: fc.Arbitrary<Order> = fc.record({
  sort: fc.constantFrom('name', 'created_at', 'size'),
  descending: fc.boolean(),
})
const search = fc.record(
  {
    q: fc.oneof(
      text(1, 3),
      fc.constantFrom('r', 're', 'rep', 'report', '報', '報告', '報告書', '"', '""', '*', '%', '_', 'zzz'),
    ),
    folder: fc.constantFrom('/', '/a'),
    visibility: fc.constantFrom('private', 'friends', 'public') as fc.Arbitrary<Visibility>,
  },
  { requiredKeys: ['q'] },
)

function byOrder({ sort, descending }: Order) {
  const key = (row: ListedView) => {
    const value = VALUE[sort](row)
    // SQLite compares text by its bytes.
    return [typeof value === 'number' ? value : Buffer.from(value).toString('hex'), row.id] as const
  }
  const compare = (a: ListedView, b: ListedView) => {
    const [x, y] = [key(a), key(b)]
    const sign = x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : x[1] < y[1] ? -1 : 1
    return descending ? -sign : sign
  }
  return compare
}

/** The oracle: filters every file. */
function expectedMatches(
  rows: ListedView[],
  { q, folder, visibility }: { q: string; folder?: string; visibility?: string },
) {
  // Text in SQLite has no lone surrogates.
  const substring = fold(q).toWellFormed()
  return rows.filter(
    (row) =>
      fold(row.name).toWellFormed().includes(substring) &&
      (folder === undefined || row.folder === folder) &&
      (visibility === undefined || row.visibility === visibility),
  )
}

t.test('A search finds exactly the matching files, in order, however many names are indexed', async (t) => {
  const history = fc.record({
    files: fc.array(file, { minLength: 1, maxLength: 25 }),
    indexedAtFirst: fc.constantFrom(0, 3, 1000),
    edits: fc.array(fc.record({ at: fc.nat(24), name: fc.option(text(1, 4)) }), { maxLength: 8 }),
    indexedThen: fc.constantFrom(0, 3, 1000),
    search,
    // Most searches are for a substring of a name.
    substring: fc.option(
      fc.record({
        at: fc.nat(24),
        start: fc.integer({ min: -8, max: 8 }),
        length: fc.integer({ min: 1, max: 12 }),
      }),
    ),
    order,
    bounds: fc.constantFrom(SMALL, CANDIDATES_ONLY, SCANS_ONLY),
  })
  await checkPropertyAsync(
    t,
    fc.asyncProperty(history, async ({ files, edits, search, substring, order, bounds, ...indexing }) => {
      await using db = await serverWith(files.map((file, index) => uploaded(index, file)))
      await db.write((tx) => indexNames(tx, indexing.indexedAtFirst))
      await applyFacts(
        db,
        edits
          .filter(({ at }) => at < files.length)
          .map(({ at, name }) => (name === null ? deleted(at) : renamed(at, name))),
      )
      await db.write((tx) => indexNames(tx, indexing.indexedThen))
      const { name } = files[(substring?.at ?? 0) % files.length] as File
      const q = (substring && name.slice(substring.start).slice(0, substring.length)) || search.q
      const { folder, visibility } = search
      const filters = { ...(folder && { folder }), ...(visibility && { visibility }) }
      const everything = await allPages(db, { owner_id: OWNER }, order, bounds)
      const found = await allPages(db, { owner_id: OWNER, contains: fold(q), ...filters }, order, bounds)
      assert.deepEqual(found, expectedMatches(everything, { q, ...filters }))
      assert.deepEqual(everything, everything.toSorted(byOrder(order)))
      const { names, numbered } = indexCounts(db)
      assert.equal(names, numbered, 'every file with a name number is in the index')
    }),
    { numRuns: 600 },
  )
})

/** Files with the given names and varied folders, sizes and visibilities. */
function manyFiles(count: number, nameOf: (index: number) => string): File[] {
  return Array.from({ length: count }, (_, index) => ({
    name: nameOf(index),
    folder: index % 50 === 0 ? '/rare' : '/',
    size: index % 9,
    visibility: index % 100 === 0 ? 'public' : 'private',
    owner: 0,
  }))
}

/** An account in which five names contain "needle". */
async function bigAccount(t: Test, count: number): Promise<Database> {
  const names = (index: number) =>
    `${(index * 7919) % count} ${index % (count / 5) === 0 ? 'needle ' : ''}${index % 3 === 0 ? 'hay' : 'straw'}.txt`
  const db = await serverWith(manyFiles(count, names).map((file, index) => uploaded(index, file)))
  t.teardown(() => db[Symbol.asyncDispose]())
  return db
}

t.test('A paged search lists every lasting file once while other files are added and deleted', async (t) => {
  const db = await bigAccount(t, 300)
  const isLasting = (row: ListedView) => !row.name.includes('passing')
  for (const sort of ['name', 'created_at', 'size'] as const)
    for (const descending of [false, true])
      for (const bounds of [SMALL, CANDIDATES_ONLY, SCANS_ONLY]) {
        const order = { sort, descending }
        const filter = { owner_id: OWNER, contains: 'needle' }
        const expected = (await allPages(db, filter, order, bounds)).filter(isLasting)
        let next = 10_000 + stamps
        const passing: number[] = []
        const found = await allPages(db, filter, order, bounds, async () => {
          const removed = passing.splice(0).map(deleted)
          const added = ['a passing needle', '150 passing needle', 'z passing needle'].map((name) => {
            next += 1
            passing.push(next)
            return uploaded(next, { name, folder: '/', size: next % 9, visibility: 'private', owner: 0 })
          })
          await applyFacts(db, [...removed, ...added])
          await db.write((tx) => indexNames(tx, 2))
        })
        t.same(found.filter(isLasting), expected, `${sort} ${descending} ${JSON.stringify(bounds)}`)
        t.equal(new Set(found.map(({ id }) => id)).size, found.length, 'no file is listed twice')
        await applyFacts(db, passing.map(deleted))
      }
})

t.test('A search request scans a bounded number of files and returns where it ended', async (t) => {
  const db = await bigAccount(t, 3000)
  while ((await db.write((tx) => indexNames(tx, 500))) > 0);
  const bounds = { shortScan: 100, longScan: { index: 300, row: 200 }, candidates: 100 }
  const page = { sort: 'name', descending: false, limit: 50 } as const
  const search = (contains: string, order: Partial<Order> = {}, after?: SeekKey) => {
    const { rows, scannedTo } = listFiles(
      db,
      { owner_id: OWNER, contains },
      { ...page, ...order, after },
      bounds,
    )
    return { rows: rows.length, scannedTo }
  }
  t.match(search('needle'), { rows: 5, scannedTo: undefined }, 'few matches: the name index finds them')
  t.match(search('needles'), { rows: 0, scannedTo: undefined }, 'no match: the name index finds none')
  t.match(search('hay'), { rows: 50, scannedTo: undefined }, 'many matches: a scan fills the page')
  for (const [order, files] of [
    [{}, 300],
    [{ sort: 'size' }, 200],
    [{ sort: 'created_at', descending: true }, 200],
  ] as [Partial<Order>, number][]) {
    const requests: number[] = []
    for (let after: SeekKey | undefined; ; ) {
      const { rows, scannedTo } = search('dl', order, after)
      requests.push(rows)
      if (scannedTo === undefined) break
      after = { ...scannedTo, value: seekValue(order.sort ?? 'name', scannedTo.value) }
    }
    t.ok(requests.length >= 3000 / files, 'a text shorter than a trigram takes many requests')
    t.equal(
      requests.reduce((sum, rows) => sum + rows),
      5,
    )
  }
})

t.test('A page that ends at the scan bound continues from its cursor, in every order', async (t) => {
  const { db, services } = await bareRegional(t)
  const count = 10_600
  const nameOf = (index: number) =>
    `${index % 7 === 0 ? 'Ä ' : 'b '}${index} ${index % (count / 2) === 0 ? 'Zz' : ''}`
  await applyFacts(db, [
    registered(0),
    ...manyFiles(count, nameOf).map((file, index) => uploaded(index, file)),
  ])
  for (const sort of ['name', '-name', 'created_at', '-size'] as const) {
    const found: string[] = []
    const counts: number[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = parse(
        services.files.list(OWNER, { q: 'zz', sort, limit: 50, cursor: cursor ?? undefined }).text,
      )
      found.push(...page.items.map(({ name }) => name))
      counts.push(page.items.length)
      cursor = page.next_cursor
    }
    t.same(found.toSorted(), [nameOf(0), nameOf(count / 2)].toSorted(), sort)
    t.ok(counts.length > 1 && counts.length < 10, `${counts.length} requests`)
  }
})

t.test('A word that is common in the files of other accounts is found where it is rare', async (t) => {
  const names = (index: number) => `${index} ${index % 500 === 0 ? 'needle' : 'straw'}.txt`
  const filesOfOther = manyFiles(1500, () => 'needle').map((file, index) =>
    uploaded(5000 + index, { ...file, owner: 1 }),
  )
  await using db = await serverWith([
    ...filesOfOther,
    ...manyFiles(1500, names).map((file, index) => uploaded(index, file)),
  ])
  await db.write((tx) => indexNames(tx, 3000))
  const bounds = { shortScan: 10, longScan: { index: 10, row: 10 }, candidates: 100 }
  const page = { sort: 'name', descending: false, limit: 50 } as const
  const found = listFiles(db, { owner_id: OWNER, contains: 'needle' }, page, bounds)
  t.match([found.rows.length, found.scannedTo], [3, undefined])
})

t.test('A deleted or renamed file leaves the name index', async (t) => {
  const files = manyFiles(6, (index) => `name ${index}`)
  await using db = await serverWith(files.map((file, index) => uploaded(index, file)))
  t.equal(await db.write((tx) => indexNames(tx, 100)), 6)
  t.same(indexCounts(db), { names: 6, numbered: 6, live: 6 })
  await applyFacts(db, [deleted(0), renamed(1, 'another'), renamed(2, 'NAME 2')])
  t.same(
    indexCounts(db),
    { names: 4, numbered: 4, live: 5 },
    'a rename with the same folded name stays indexed',
  )
  t.equal(await db.write((tx) => indexNames(tx, 100)), 1)
  t.same(indexCounts(db), { names: 5, numbered: 5, live: 5 })
})

t.test('The state digest does not depend on which names are indexed', async (t) => {
  const files = manyFiles(6, (index) => `name ${index}`).map((file, index) => uploaded(index, file))
  await using one = await serverWith(files)
  await using other = await serverWith(files)
  await one.write((tx) => indexNames(tx, 4))
  t.equal(await stateDigest(one), await stateDigest(other))
})

t.test('Background indexing indexes every name, merges segments, and stops when aborted', async (t) => {
  const names = (index: number) => `report ${index} of the ${index % 9} kind.pdf`
  await using db = await serverWith(manyFiles(2500, names).map((file, index) => uploaded(index, file)))
  const stop = new AbortController()
  t.same(await indexAllNames(db, stop.signal), {}, 'a small count is not reported')
  t.same(indexCounts(db), { names: 2500, numbered: 2500, live: 2500 })
  const segments = db.get(
    rawQuery<{ count: number }>('select count(distinct segid) as count from name_trigrams_idx'),
  )
  t.ok((segments?.count ?? 0) < 8, 'most of the 13 segments are merged')
  await applyFacts(db, [renamed(1, 'another')])
  stop.abort()
  await indexAllNames(db, stop.signal)
  t.match(indexCounts(db), { numbered: 2499 }, 'an aborted run indexes nothing')
})
