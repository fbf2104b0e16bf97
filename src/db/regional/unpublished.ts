/**
 * Rows that may be missing from a change log that lost entries. Each is republished as one snapshot change with its
 * stamps. Deferred changes of a row are republished as they are, since the server that has the row may have lost them.
 */
import Type from 'typebox'
import type { RowId } from '../../blobs/blob-refs.js'
import type { Fact, Value } from '../../model/change.js'
import { CHANGES, type ChangeType } from '../../model/change-types.js'
import type { Row } from '../../model/merge.js'
import { declarationOf, TABLES, type TableName, tableOfKind } from '../../model/tables.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'
import { readClaim } from './claims.js'
import { listDeferred } from './deferred.js'
import { readRow } from './replica.js'

const selectAnyUnpublished = prepare()(() => query.selectFrom('unpublished').select('key').limit(1))
const selectUnpublished = prepare<{ limit: number }>()((slot) =>
  query.selectFrom('unpublished').selectAll().limit(slot('limit')),
)
const deleteUnpublished = prepare<RowId>()((slot) =>
  query.deleteFrom('unpublished').where('kind', '=', slot('kind')).where('key', '=', slot('key')),
)

const SNAPSHOT_TYPES = new Map(
  (Object.keys(CHANGES) as ChangeType[])
    .filter((type) => CHANGES[type].isSnapshot)
    .map((type) => [CHANGES[type].table, type]),
)

/** Marks every row as unpublished, including those that have only deferred changes. */
export function markAllUnpublished(tx: Tx): void {
  tx.run({
    sql: 'insert or ignore into unpublished select distinct kind, key from deferred',
    parameters: [],
  })
  for (const [table, { kind }] of Object.entries(TABLES)) {
    tx.run({ sql: `insert or ignore into unpublished select '${kind}', id from ${table}`, parameters: [] })
  }
}

export function hasUnpublished(reader: Reader): boolean {
  return reader.get(selectAnyUnpublished) !== undefined
}

export function markPublished(tx: Tx, row: RowId): void {
  tx.run(deleteUnpublished, { kind: row.kind, key: row.key })
}

export interface UnpublishedRow extends RowId {
  /** Undefined when the row has not arrived, or its kind is unknown to this program. */
  row: Row | undefined
  deferred: (Fact & { id?: string })[]
}

/** Unpublished rows in their current state, with their deferred changes. */
export function listUnpublished(tx: Tx, limit = Number.MAX_SAFE_INTEGER): UnpublishedRow[] {
  return tx.all(selectUnpublished, { limit }).map(({ kind, key }) => {
    const table = tableOfKind(kind)
    const row = table && readRow(tx, table, key)
    return { kind, key, row, deferred: listDeferred(tx, { kind, key }) }
  })
}

/** Marks at most `limit` rows as published and returns the changes that republish them. */
export function takeUnpublished(tx: Tx, limit: number): Fact[] {
  return listUnpublished(tx, limit).flatMap(({ row, deferred, ...id }) => {
    markPublished(tx, id)
    const table = tableOfKind(id.kind)
    const snapshot = table && row && snapshotOf(table, id.key, row, readClaim(tx, table, id.key))
    return [...(snapshot ? [snapshot] : []), ...deferred]
  })
}

/** Whether two rows have equal values and stamps. */
export function isSameRow(a: Row, b: Row): boolean {
  return (
    a.created_stamp === b.created_stamp &&
    Object.keys(a.cells).every((name) => a.cells[name] === b.cells[name]) &&
    Object.keys(a.stamps).every((name) => a.stamps[name] === b.stamps[name])
  )
}

/** A change with all fields of a row; merging it into the same row changes nothing. */
function snapshotOf(table: TableName, key: string, row: Row, loggedAt: number | undefined): Fact {
  const type = SNAPSHOT_TYPES.get(table) as ChangeType
  const fields: Record<string, Value> = {}
  for (const [name, field] of Object.entries(declarationOf(table).fields)) {
    const cell = row.cells[name] ?? null
    if (field.rule !== 'latch') fields[name] = Type.IsBoolean(field.schema) ? cell === 1 : cell
    else if (cell === 1) fields[name] = true
  }
  return {
    type,
    key,
    fields,
    stamp: row.created_stamp,
    stamps: row.stamps,
    ...(loggedAt && { logged_at: loggedAt }),
  }
}
