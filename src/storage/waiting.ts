/** Changes of rows that are not here yet: they are merged when the row comes, and told again like a row. */
import { type Fact, type TableName, tableOf } from '../change.js'
import { ZERO_STAMP } from '../clock.js'
import { merge, type Row } from '../merge.js'
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'

const insert = prepare<{ table: string; key: string; change: string }>()((slot) =>
  query.insertInto('waiting').values({ table: slot('table'), key: slot('key'), change: slot('change') }),
)
const select = prepare<{ table: string; key: string }>()((slot) =>
  query
    .selectFrom('waiting')
    .select('change')
    .where('table', '=', slot('table'))
    .where('key', '=', slot('key'))
    .orderBy('seq'),
)
const remove = prepare<{ table: string; key: string }>()((slot) =>
  query.deleteFrom('waiting').where('table', '=', slot('table')).where('key', '=', slot('key')),
)

/**
 * Keeps a change until its row comes, unless it says nothing. Those that it outdoes go, so that never more wait for a row
 * than it has fields.
 */
export function addWaiting(tx: Tx, change: Fact): void {
  const table = tableOf(change.type)
  const known = takeWaiting(tx, table, change.key)
  keep(tx, table, change.key, essential([...known, change]))
}

export function waitingFor(reader: Reader, table: TableName, key: string): Fact[] {
  return reader.all(select, { table, key }).map(({ change }) => JSON.parse(change) as Fact)
}

export function takeWaiting(tx: Tx, table: TableName, key: string): Fact[] {
  const changes = waitingFor(tx, table, key)
  if (changes.length > 0) tx.run(remove, { table, key })
  return changes
}

/** Puts others in the place of all that waits for a row. */
export function replaceWaiting(tx: Tx, table: TableName, key: string, by: (change: Fact) => Fact): void {
  keep(tx, table, key, takeWaiting(tx, table, key).map(by))
}

/** A row of which nothing is known. */
const OPEN: Row = { cells: {}, created_stamp: ZERO_STAMP, stamps: {} }

function keep(tx: Tx, table: TableName, key: string, changes: Fact[]): void {
  for (const change of changes) tx.run(insert, { table, key, change: JSON.stringify(change) })
}

/** Without those that add nothing to all that go before them: the same ones, in whatever order they came. */
function essential(changes: Fact[]): Fact[] {
  const byPrecedence = changes
    .map((change) => ({ change, rank: `${change.stamp} ${JSON.stringify(change)}` }))
    .sort((a, b) => (a.rank < b.rank ? 1 : -1))
    .map(({ change }) => change)
  let row = OPEN
  return byPrecedence.filter((change) => {
    const before = row
    row = merge(row, change) as Row
    return row !== before
  })
}
