/**
 * Rows that a log which lost some of itself may lack: they are told again, each as one change with its stamps. Changes
 * that wait for their row are told again as they are: whoever has the row may have lost them.
 */
import Type from 'typebox'
import { CHANGES, type ChangeType, type Fact, TABLES, type TableName, type Value } from '../change.js'
import type { Row } from '../merge.js'
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'
import { readRow } from './replica.js'
import { waitingFor } from './waiting.js'

const some = prepare()(() => query.selectFrom('untold').select('key').limit(1))
const page = prepare<{ limit: number }>()((slot) =>
  query.selectFrom('untold').selectAll().limit(slot('limit')),
)
const remove = prepare<{ table: string; key: string }>()((slot) =>
  query.deleteFrom('untold').where('table', '=', slot('table')).where('key', '=', slot('key')),
)

const RETOLD = new Map(
  (Object.keys(CHANGES) as ChangeType[])
    .filter((type) => CHANGES[type].retold)
    .map((type) => [CHANGES[type].table, type]),
)

/** Takes down every row as untold, those that are waited for too. */
export function markAllUntold(tx: Tx): void {
  tx.run({ sql: 'insert or ignore into untold select distinct "table", key from waiting', parameters: [] })
  for (const table of Object.keys(TABLES)) {
    tx.run({ sql: `insert or ignore into untold select '${table}', id from ${table}`, parameters: [] })
  }
}

export function hasUntold(reader: Reader): boolean {
  return reader.get(some) !== undefined
}

export function markTold(tx: Tx, table: TableName, key: string): void {
  tx.run(remove, { table, key })
}

/** All rows that are untold, as they stand; of those that are not here, what waits for them. */
export function untoldRows(
  tx: Tx,
): { table: TableName; key: string; row: Row | undefined; waiting: Fact[] }[] {
  return tx.all(page, { limit: Number.MAX_SAFE_INTEGER }).map(({ table: name, key }) => {
    const table = name as TableName
    return { table, key, row: readRow(tx, table, key), waiting: waitingFor(tx, table, key) }
  })
}

/** Takes some untold rows, as facts that tell them whole, or what waits for them. */
export function takeUntold(tx: Tx, limit: number): Fact[] {
  const facts: Fact[] = []
  for (const { table: name, key } of tx.all(page, { limit })) {
    const table = name as TableName
    markTold(tx, table, key)
    const row = readRow(tx, table, key)
    if (row !== undefined) facts.push(retell(table, key, row))
    else facts.push(...waitingFor(tx, table, key).map(bare))
  }
  return facts
}

/** Whether two rows hold the same, under the same stamps. */
export function sameRow(a: Row, b: Row): boolean {
  return (
    a.created_stamp === b.created_stamp &&
    Object.keys(a.cells).every((name) => a.cells[name] === b.cells[name]) &&
    Object.keys(a.stamps).every((name) => a.stamps[name] === b.stamps[name])
  )
}

/** A change without the envelope of the one who made it. */
function bare({ type, key, fields, stamp }: Fact): Fact {
  return { type, key, fields, stamp }
}

/** One change that says all of a row; merging it where the row is known changes nothing. */
function retell(table: TableName, key: string, row: Row): Fact {
  const type = RETOLD.get(table) as ChangeType
  const fields: Record<string, Value> = {}
  for (const [name, field] of Object.entries(TABLES[table].fields)) {
    const cell = row.cells[name] ?? null
    if (field.rule !== 'latch') fields[name] = Type.IsBoolean(field.schema) ? cell === 1 : cell
    else if (cell === 1) fields[name] = true
  }
  return { type, key, fields, stamp: row.created_stamp, stamps: row.stamps }
}
