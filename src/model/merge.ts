/**
 * Joins a row with a change, by the rules that tables.ts declares.
 *
 * Joins are commutative, associative and idempotent, so servers that applied the same changes have the same rows, in any
 * order and with any repetition (Shapiro et al., "Conflict-free Replicated Data Types", 2011).
 */

import type { Fact, Value } from './change.js'
import { tableOf } from './change-types.js'
import { compareText } from './compare.js'
import { type Rule, TABLES, type TableName } from './tables.js'

/** A column's value: booleans are stored as 0 and 1. */
export type Cell = string | number | null

export interface Row {
  cells: Record<string, Cell>
  /** Stamp of the earliest change that could have created the row: it decides `once` fields and name conflicts. */
  created_stamp: string
  /** Stamp of each `latest` field. */
  stamps: Record<string, string>
}

interface MergeRules {
  rules: [field: string, rule: Rule][]
  once: string[]
  erased: readonly string[]
  latch: string | undefined
}

const rulesByTable = new Map(
  Object.entries(TABLES).map(([table, { fields, erased }]): [string, MergeRules] => {
    const rules = Object.entries(fields).map(([name, field]): [string, Rule] => [name, field.rule])
    const once = rules.filter(([, rule]) => rule === 'once').map(([name]) => name)
    const latch = rules.find(([, rule]) => rule === 'latch')?.[0]
    return [table, { rules, once, erased, latch }]
  }),
)

/** The merged columns of a replicated table, in declared order. */
export function mergedColumns(table: TableName): string[] {
  return mergeRulesOf(table).rules.map(([name]) => name)
}

/**
 * Merges a change into a row. Returns the same object if the change adds nothing, and undefined if the row does not exist
 * and the change cannot create it: the caller defers the change.
 */
export function merge(row: Row | undefined, change: Fact): Row | undefined {
  const table = mergeRulesOf(tableOf(change.type))
  const canCreate = table.once.every((name) => name in change.fields)
  if (row === undefined) return canCreate ? erase(table, rowOf(table, change)) : undefined
  return join(table, row, deltaOf(table, change, canCreate))
}

/** The cells that a change carries, to be joined with a row. */
interface Delta {
  cells: Record<string, Cell>
  stamps: Record<string, string>
  /** Undefined if the change cannot create the row; then it has no `once` field either. */
  created_stamp: string | undefined
}

function mergeRulesOf(table: TableName): MergeRules {
  return rulesByTable.get(table) as MergeRules
}

function deltaOf(table: MergeRules, change: Fact, canCreate: boolean): Delta {
  const cells: Record<string, Cell> = {}
  const stamps: Record<string, string> = {}
  for (const [name, rule] of table.rules) {
    // A change that creates the row sets the optional fields which it lacks to null.
    const { [name]: value = canCreate && rule === 'latest' ? null : undefined } = change.fields
    if (value === undefined) continue
    cells[name] = cellOf(value)
    if (rule === 'latest') stamps[name] = change.stamps?.[name] ?? change.stamp
  }
  return { cells, stamps, created_stamp: canCreate ? change.stamp : undefined }
}

function rowOf(table: MergeRules, change: Fact): Row {
  const delta = deltaOf(table, change, true)
  for (const [name, rule] of table.rules) delta.cells[name] ??= rule === 'latch' ? 0 : null
  return { cells: delta.cells, stamps: delta.stamps, created_stamp: change.stamp }
}

function join(table: MergeRules, row: Row, delta: Delta): Row {
  const cells = { ...row.cells }
  const stamps = { ...row.stamps }
  const created = delta.created_stamp ?? row.created_stamp
  const wasDeleted = isDeleted(table, row)
  let isChanged = created < row.created_stamp
  for (const [name, rule] of table.rules) {
    const incoming = delta.cells[name]
    if (incoming === undefined) continue
    // A late change must not restore an erased field of a deleted row.
    const value = wasDeleted && table.erased.includes(name) ? '' : incoming
    const order = precedence(rule, row, delta, name)
    if (order < 0 || (order === 0 && !greater(value, row.cells[name] ?? null))) continue
    cells[name] = value
    if (rule === 'latest') stamps[name] = delta.stamps[name] as string
    isChanged = true
  }
  if (!isChanged) return row
  return erase(table, {
    cells,
    stamps,
    created_stamp: created < row.created_stamp ? created : row.created_stamp,
  })
}

/** Above 0 the delta's value wins, below 0 the row's value wins, at 0 the greater value wins. */
function precedence(rule: Rule, row: Row, delta: Delta, name: string): number {
  if (rule === 'once') return compareText(row.created_stamp, delta.created_stamp as string)
  if (rule === 'latest') return compareText(delta.stamps[name] as string, row.stamps[name] ?? '')
  return 0
}

/** A total order on cells, so that equal stamps have the same winner on every server. */
function greater(a: Cell, b: Cell): boolean {
  if (a === null || a === b) return false
  if (b === null) return true
  return typeof a === typeof b ? a > b : String(a) > String(b)
}

function isDeleted({ latch }: MergeRules, row: Row): boolean {
  return latch !== undefined && row.cells[latch] === 1
}

/** The tombstone of a row whose account is deleted, with erased fields. Derived from merged state, so not a change. */
export function tombstoneOf(table: TableName, row: Row): Row {
  const declared = mergeRulesOf(table)
  const { latch } = declared
  return latch === undefined ? row : erase(declared, { ...row, cells: { ...row.cells, [latch]: 1 } })
}

function erase(table: MergeRules, row: Row): Row {
  if (!isDeleted(table, row)) return row
  for (const name of table.erased) row.cells[name] = ''
  return row
}

function cellOf(value: Value): Cell {
  return typeof value === 'boolean' ? Number(value) : value
}
