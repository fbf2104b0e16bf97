/** Applies changes to the replicated tables: the only place that writes their merged columns. */

import { addRef, type RowId, removeRef } from '../../blobs/blob-refs.js'
import type { BlobRef, Fact } from '../../model/change.js'
import { tableOf } from '../../model/change-types.js'
import { NEVER_HELD } from '../../model/credentials.js'
import { type Cell, merge, mergedColumns, type Row, tombstoneOf } from '../../model/merge.js'
import { declarationOf, TABLES, type TableName, tableOfKind } from '../../model/tables.js'
import type { Query, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { isOwnerDeleted } from './account-refs.js'
import { type AccountTransition, UNDERIVED_ACCOUNT } from './account-state.js'
import { noteClaim } from './claims.js'
import { deferForRow, replaceDeferred, takeDeferred } from './deferred.js'
import { fold } from './fold.js'
import { HOOKS } from './table-hooks.js'
import { removeUnknownOfRow } from './unknown-changes.js'

/** The row before and after a change. `after` is undefined when the change is deferred until its row arrives. */
export interface AppliedChange {
  table: TableName
  key: string
  before: Row | undefined
  after: Row | undefined
  /** The account whose derived state the change may have altered. */
  account?: AccountTransition | undefined
}

interface Statements {
  select: Query<{ id: string }, StoredRow>
  insert: WriteQuery
  /** Updates by their assignments. */
  updates: Map<string, WriteQuery>
  latest: string[]
}
type Columns = Record<string, Cell>
type WriteQuery = Query<Columns, unknown>
type StoredRow = Record<string, Cell> & { created_stamp: string; stamps: string }

/** Derived columns that follow from the row alone; they are the same on every server. */
const DERIVED: Partial<Record<TableName, (cells: Record<string, Cell>) => Record<string, Cell>>> = {
  files: ({ name }) => ({ name_folded: fold(String(name)) }),
}

/** Initial values of NOT NULL columns that a hook sets right after the insert. */
const INITIAL: Partial<Record<TableName, Record<string, Cell>>> = {
  users: UNDERIVED_ACCOUNT,
  passwords: { held_until: NEVER_HELD },
  friend_requests: { is_open: 0 },
}

const statements = Object.fromEntries(
  (Object.keys(TABLES) as TableName[]).map((table) => [table, statementsOf(table)]),
) as Record<TableName, Statements>

/**
 * Merges a change into its row. The result depends neither on the order of changes nor on repetitions. A change whose row
 * has not arrived yet is deferred, and applied when the row arrives.
 */
export function applyChange(tx: Tx, change: Fact): AppliedChange {
  const table = tableOf(change.type)
  const before = readRow(tx, table, change.key)
  let after = merge(before, change)
  if (after === undefined) {
    deferForRow(tx, change)
    return { table, key: change.key, before, after }
  }
  if (before === undefined) {
    for (const deferred of takeDeferred(tx, rowId(table, change.key))) after = merge(after, deferred) as Row
  }
  const account = after === before ? undefined : writeRow(tx, table, change.key, before, after)
  return { table, key: change.key, before, after, account }
}

/** Notes when the log took the change. */
export function noteLogged(tx: Tx, change: Fact, loggedAt: number): void {
  const table = tableOf(change.type)
  const row = noteClaim(tx, change, loggedAt) ? readRow(tx, table, change.key) : undefined
  if (row !== undefined) HOOKS[table]?.(tx, change.key, row, row)
}

/** The merged columns of a row, with their stamps. */
export function readRow(tx: Tx, table: TableName, key: string): Row | undefined {
  const { select, latest } = statements[table]
  const stored = tx.get(select, { id: key })
  if (stored === undefined) return undefined
  const { created_stamp, stamps: encoded, ...cells } = stored
  const stamps: Record<string, string> = encoded === '{}' ? {} : JSON.parse(encoded)
  for (const name of latest) stamps[name] ??= created_stamp
  return { cells, created_stamp, stamps }
}

/** Whether the row of a change is known and deleted. */
export function isDeleted(tx: Tx, { kind, key }: RowId): boolean {
  const table = tableOfKind(kind)
  return table !== undefined && readRow(tx, table, key)?.cells.deleted === 1
}

/** Turns a row whose account is deleted into a tombstone. */
export function deleteRow(tx: Tx, table: TableName, key: string): void {
  const row = readRow(tx, table, key)
  if (row !== undefined) writeRow(tx, table, key, row, tombstoneOf(table, row))
}

/** Replaces stamps in a row, or in the changes that are deferred until it arrives. @param renewed old stamp to new stamp */
export function restampRow(tx: Tx, { kind, key }: RowId, renewed: Map<string, string>): void {
  const table = tableOfKind(kind)
  const row = table && readRow(tx, table, key)
  if (table === undefined || row === undefined) {
    replaceDeferred(tx, { kind, key }, (change) => restampFact(change, renewed))
    return
  }
  const { created_stamp } = row
  writeRow(tx, table, key, row, {
    cells: row.cells,
    stamps: restampAll(row.stamps, renewed),
    created_stamp: renewed.get(created_stamp) ?? created_stamp,
  })
}

/** Replaces stamps in a fact. @param renewed old stamp to new stamp */
export function restampFact<T extends Fact>(fact: T, renewed: Map<string, string>): T {
  const { stamp, stamps } = fact
  return {
    ...fact,
    stamp: renewed.get(stamp) ?? stamp,
    ...(stamps && { stamps: restampAll(stamps, renewed) }),
  }
}

function restampAll(stamps: Record<string, string>, renewed: Map<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stamps).map(([name, stamp]) => [name, renewed.get(stamp) ?? stamp]),
  )
}

function writeRow(
  tx: Tx,
  table: TableName,
  key: string,
  before: Row | undefined,
  after: Row,
): AccountTransition | undefined {
  const columns = columnsOf(table, key, after)
  if (before === undefined) tx.run(statements[table].insert, Object.assign(columns, INITIAL[table]))
  else updateRow(tx, table, columnsOf(table, key, before), columns)
  updateRefs(tx, table, key, before, after)
  if (after.cells.deleted === 1 && before?.cells.deleted !== 1) removeUnknownOfRow(tx, rowId(table, key))
  return HOOKS[table]?.(tx, key, before, after)
}

/** Updates the blob reference: a live row of a live account references the blob that its table declares. */
function updateRefs(tx: Tx, table: TableName, key: string, before: Row | undefined, after: Row): void {
  const oldRef = before && refOf(table, before)
  const newRef = refOf(table, after)
  if (oldRef?.sha256 === newRef?.sha256 && oldRef?.size === newRef?.size) return
  if (oldRef !== undefined) removeRef(tx, rowId(table, key), oldRef)
  if (newRef !== undefined && !isOwnerDeleted(tx, table, after)) addRef(tx, rowId(table, key), newRef)
}

function refOf(table: TableName, { cells }: Row): BlobRef | undefined {
  const { blob } = declarationOf(table)
  if (blob === undefined || cells.deleted === 1) return undefined
  return { sha256: String(cells[blob.sha256]), size: Number(cells[blob.size]) }
}

function rowId(table: TableName, key: string): RowId {
  return { kind: declarationOf(table).kind, key }
}

/** Writes only columns that differ: SQLite updates the index of every assigned column, changed or not. */
function updateRow(tx: Tx, table: TableName, before: Columns, after: Columns): void {
  const written = Object.keys(after).filter((name) => after[name] !== before[name])
  if (written.length > 0) tx.run(updateOf(table, written), after)
}

function updateOf(table: TableName, written: string[]): WriteQuery {
  const { updates } = statements[table]
  const assignments = written.map((name) => `${name} = ?`).join(', ')
  const cached = updates.get(assignments)
  if (cached !== undefined) return cached
  const update = {
    sql: `update or fail ${table} set ${assignments} where id = ?`,
    parameters: [...written, 'id'].map((name) => new Parameter(name)),
  }
  updates.set(assignments, update)
  return update
}

/** The columns of a row, without the local ones. */
function columnsOf(table: TableName, id: string, row: Row): Columns {
  const { cells, created_stamp } = row
  return { id, ...cells, ...DERIVED[table]?.(cells), created_stamp, stamps: encodeStamps(row) }
}

/** Encodes only stamps that differ from `created_stamp`, sorted by field, so that equal rows have equal texts. */
function encodeStamps(row: Row): string {
  const differing = Object.entries(row.stamps).filter(([, stamp]) => stamp !== row.created_stamp)
  return differing.length === 0 ? '{}' : JSON.stringify(Object.fromEntries(differing.sort()))
}

/**
 * Plain SQL, since the column lists come from the declaration of the table. `or fail` saves SQLite the statement journal,
 * a copy of every page that a statement and its triggers change: a failure rolls back the whole unit of work anyway.
 */
function statementsOf(table: TableName): Statements {
  const merged = mergedColumns(table)
  const derived = Object.keys(DERIVED[table]?.({}) ?? {})
  const written = [...merged, ...derived, 'created_stamp', 'stamps']
  const inserted = ['id', ...written, ...Object.keys(INITIAL[table] ?? {})]
  const slots = (names: string[]) => names.map((name) => new Parameter(name))
  return {
    select: {
      sql: `select ${[...merged, 'created_stamp', 'stamps'].join(', ')} from ${table} where id = ?`,
      parameters: slots(['id']),
    },
    insert: {
      sql: `insert or fail into ${table} (${inserted.join(', ')}) values (${inserted.map(() => '?').join(', ')})`,
      parameters: slots(inserted),
    },
    updates: new Map(),
    latest: Object.entries(TABLES[table].fields)
      .filter(([, { rule }]) => rule === 'latest')
      .map(([name]) => name),
  }
}
