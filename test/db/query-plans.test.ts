import { globSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import { Database } from '../../src/db/engine/database.js'
import { migrate } from '../../src/db/engine/migrate.js'
import { preparedQueries } from '../../src/db/engine/query.js'
import { stateDigest } from '../../src/db/regional/digest.js'
import { applyChange } from '../../src/db/regional/replica.js'
import {
  isFiltered,
  type ListShape,
  listQuery,
  type Plan,
  type SortColumn,
  scanEndQuery,
} from '../../src/db/search/file-queries.js'
import { CHANGES, type ChangeType, tableOf } from '../../src/model/change-types.js'
import { mergedColumns } from '../../src/model/merge.js'
import { tapSqlite } from '../support/sqlite-tap.js'

const SOURCES = new URL('../../src/', import.meta.url)

/** Queries whose plan has a costly step, each with its justification. */
const JUSTIFIED: [sql: RegExp, why: string][] = [
  [
    /_folded" = \+\? .* order by "created_stamp"/,
    'sorts the accounts that registered one name: one, or two after a partition',
  ],
  [/^select count\(\*\) as "(count|blobs)"/, 'counts once an hour or for a status'],
  [
    /^update "(blob_refs|missing)" set "gseq" = 0/,
    'updates every row after the grand has lost its change log',
  ],
  [/from "blob_refs" where "sha256" = \+\? group by "size"/, 'sorts the references of one blob, mostly one'],
  [/name_trigrams match/, 'reads the full-text index up to a limit'],
  [/^select \* from "watermarks"$/, 'reads one row for each server'],
  [/^(select|delete from) "outbox"/, 'reads the whole outbox'],
]

/** An empty database of each kind of server. */
const databases = ['regional', 'grand'].map((folder) => {
  const db = new BetterSqlite3(':memory:')
  migrate(db, folder)
  return db
})

/** SQLite reads a bare parameter while planning a limit, a range or a join, and re-plans whenever it is bound. */
const BARE_LIMIT = /\blimit \+?\?(?! \+ 0)/i
const BARE_PARAMETER = /(?<!\+)\?/

/** Plan steps that read a whole table or sort; and re-planning at every run. */
function costlySteps(sql: string): string[] {
  if (BARE_LIMIT.test(sql)) return ['the limit is a bare parameter']
  if (JUSTIFIED.some(([justified]) => justified.test(sql))) return []
  return costlyStepsOf(sql, planOf(sql))
}

function costlyStepsOf(sql: string, steps: string[]): string[] {
  return steps.filter(
    (detail) => /^SCAN (?!CONSTANT)|TEMP B-TREE/.test(detail) && !isOrderedWalk(sql, detail),
  )
}

/** The plan of a query. Some tables exist on both servers with different indexes: the better plan counts. */
function planOf(sql: string): string[] {
  const plans = databases.flatMap((db) => planIn(db, sql) ?? [])
  return (
    plans.toSorted((a, b) => costlyStepsOf(sql, a).length - costlyStepsOf(sql, b).length)[0] ?? [
      'no server has the tables',
    ]
  )
}

function planIn(db: BetterSqlite3.Database, sql: string): string[][] | undefined {
  const slots = sql.match(/\?/g)?.length ?? 0
  try {
    const steps = db.prepare(`explain query plan ${sql}`).all(...Array<null>(slots).fill(null))
    return [(steps as { detail: string }[]).map(({ detail }) => detail)]
  } catch (error) {
    if (!/no such (table|column)|no column named/.test((error as Error).message)) throw error
    return undefined
  }
}

/** A scan of an index up to a limit reads only the rows it returns, unless a filter skips some. */
function isOrderedWalk(sql: string, detail: string): boolean {
  return /^SCAN \w+( USING .*INDEX \w+)?$/.test(detail) && / limit /i.test(sql) && !/ where /i.test(sql)
}

/** Every shape of a file list. */
function listShapes(): ListShape[] {
  const flags = ['folder', 'contains', 'visibility', 'shared', 'after'] as const
  const shapes: ListShape[] = []
  for (const sort of ['name', 'created_at', 'size'] satisfies SortColumn[])
    for (const descending of [false, true])
      for (let bits = 0; bits < 2 ** flags.length; bits++) {
        const chosen = flags.map((flag, index) => [flag, Boolean(bits & (1 << index))] as const)
        shapes.push({ sort, descending, ...Object.fromEntries(chosen) } as ListShape)
      }
  return shapes
}

const PLANS = ['seek', 'scan', 'candidates'] satisfies Plan[]

t.test('Every prepared query finds its rows by an index and is planned once', async (t) => {
  const paths = globSync('{db,blobs,log}/**/*.ts', { cwd: SOURCES.pathname })
  for (const path of paths) await import(new URL(path.replace('.ts', '.js'), SOURCES).href)
  // List queries are prepared at first use; the next test checks their plans.
  const lists = new Set(
    listShapes().flatMap((shape) => [
      ...PLANS.map((plan) => listQuery(plan, shape).sql),
      scanEndQuery(shape).sql,
    ]),
  )
  const others = preparedQueries.filter(({ sql }) => !lists.has(sql))
  t.ok(others.length > 30)
  for (const { sql } of preparedQueries) t.notMatch(sql, BARE_PARAMETER)
  for (const { sql } of others) t.same(costlySteps(sql), [], sql)
})

const ORDERED_BY: Record<SortColumn, string> = {
  name: 'files_by_name',
  created_at: 'files_by_created',
  size: 'files_by_size',
}

t.test('Every file list reads a range of one index, or the given candidates', (t) => {
  for (const shape of listShapes()) {
    const { sort, folder, shared, after } = shape
    const index = folder && sort === 'name' ? /files_by_folder/ : shared ? /files_/ : ORDERED_BY[sort]
    const seekKeys = (sql: string) =>
      planOf(sql)
        .join('\n')
        .match(/,id\)[<>]\(/g)?.length ?? 0
    const [seek, scan, candidates] = PLANS.map((plan) => listQuery(plan, shape).sql) as [
      string,
      string,
      string,
    ]
    const end = scanEndQuery(shape).sql
    const sorts = (sql: string) => planOf(sql).filter((step) => /TEMP B-TREE/.test(step)).length
    for (const sql of isFiltered(shape) ? [scan, end] : [seek]) {
      t.match(planOf(sql).join('\n'), index, sql)
      t.equal(seekKeys(sql), Number(after), `starts at the seek key: ${sql}`)
    }
    if (!isFiltered(shape)) t.same(costlySteps(seek), [], seek)
    t.same(costlySteps(end), [], end)
    t.equal(sorts(scan), 1, `stops when the page is full, and sorts only that page: ${scan}`)
    t.match(
      planOf(candidates).join('\n'),
      /SCAN candidate.*\n.*SEARCH files USING PRIMARY KEY \(id=\?\)/,
      candidates,
    )
  }
  t.end()
})

t.test('The statements that apply changes and compute the digest find their rows by an index', async (t) => {
  const { prepared } = tapSqlite(t)
  await using live = Database.open(':memory:', 'regional')
  const stamp = '01ba60d33802-0000-eu'
  for (const type of Object.keys(CHANGES) as ChangeType[]) {
    const fields = Object.fromEntries(
      mergedColumns(tableOf(type)).map((name) => [name, ['deleted', 'undone'].includes(name) ? true : 'x']),
    )
    for (const key of ['a', 'b']) {
      await live.write((tx) => {
        applyChange(tx, {
          type,
          key,
          stamp,
          fields: { ...fields, size: 1, storage_quota: 1, disabled: true, active: true, revoked: true },
        })
      })
    }
  }
  await stateDigest(live)
  const statements = [...prepared].filter((sql) => /^(select|insert|update|delete)/i.test(sql))
  t.ok(statements.length > 20)
  for (const sql of statements) t.same(costlySteps(sql), [], sql)
})
