/**
 * The one merge function: a join of a row with a change, by the rules that change.ts declares.
 *
 * Joins are commutative, associative and idempotent, so servers that saw the same changes hold the same rows,
 * whatever the order and the repetitions (Shapiro et al., "Conflict-free Replicated Data Types", 2011).
 */
import type { Fact, Value } from './change.js'
import { tableOf } from './change-types.js'
import { type Rule, TABLES, type TableName } from './tables.js'

/** A column's value: booleans are kept as 0 and 1. */
export type Cell = string | number | null

export interface Row {
  cells: Record<string, Cell>
  /** Stamp of the earliest change that could have created the row: it decides `once` fields and who bears a name. */
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

/** The columns of a replicated table that merge, in declared order. */
export function mergedColumns(table: TableName): string[] {
  return mergeRulesOf(table).rules.map(([name]) => name)
}

/**
 * The row after a change, or undefined when the row is not there yet and the change cannot create it: then the
 * change has to wait. Gives the very same object back when the change adds nothing.
 */
export function merge(row: Row | undefined, change: Fact): Row | undefined {
  const table = mergeRulesOf(tableOf(change.type))
  const creates = table.once.every((name) => name in change.fields)
  if (row === undefined) return creates ? erase(table, rowOf(table, change)) : undefined
  return join(table, row, deltaOf(table, change, creates))
}

/** What is joined in: the cells that a change carries. */
interface Delta {
  cells: Record<string, Cell>
  stamps: Record<string, string>
  /** Undefined when the change cannot create the row; then it carries no `once` field either. */
  created_stamp: string | undefined
}

function mergeRulesOf(table: TableName): MergeRules {
  return rulesByTable.get(table) as MergeRules
}

function deltaOf(table: MergeRules, change: Fact, creates: boolean): Delta {
  const cells: Record<string, Cell> = {}
  const stamps: Record<string, string> = {}
  for (const [name, rule] of table.rules) {
    const value = change.fields[name]
    if (value === undefined) continue
    cells[name] = cellOf(value)
    if (rule === 'latest') stamps[name] = change.stamps?.[name] ?? change.stamp
  }
  return { cells, stamps, created_stamp: creates ? change.stamp : undefined }
}

function rowOf(table: MergeRules, change: Fact): Row {
  const part = deltaOf(table, change, true)
  for (const [name, rule] of table.rules) part.cells[name] ??= rule === 'latch' ? 0 : null
  return { cells: part.cells, stamps: part.stamps, created_stamp: change.stamp }
}

function join(table: MergeRules, row: Row, part: Delta): Row {
  const cells = { ...row.cells }
  const stamps = { ...row.stamps }
  const created = part.created_stamp ?? row.created_stamp
  const dead = isDeleted(table, row)
  let changed = created < row.created_stamp
  for (const [name, rule] of table.rules) {
    const incoming = part.cells[name]
    if (incoming === undefined) continue
    // What a dead row forgets is not told to it again.
    const value = dead && table.erased.includes(name) ? '' : incoming
    const order = precedence(rule, row, part, name)
    if (order < 0 || (order === 0 && !greater(value, row.cells[name] ?? null))) continue
    cells[name] = value
    if (rule === 'latest') stamps[name] = part.stamps[name] as string
    changed = true
  }
  if (!changed) return row
  return erase(table, {
    cells,
    stamps,
    created_stamp: created < row.created_stamp ? created : row.created_stamp,
  })
}

/** Above 0 the part's value goes before the row's, below 0 the row's stays, at 0 the greater value decides. */
function precedence(rule: Rule, row: Row, part: Delta, name: string): number {
  if (rule === 'once') return compare(row.created_stamp, part.created_stamp as string)
  if (rule === 'latest') return compare(part.stamps[name] as string, row.stamps[name] ?? '')
  return 0
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A total order on cells, so that even equal stamps have one winner everywhere. */
function greater(a: Cell, b: Cell): boolean {
  if (a === null || a === b) return false
  if (b === null) return true
  return typeof a === typeof b ? a > b : String(a) > String(b)
}

function isDeleted({ latch }: MergeRules, row: Row): boolean {
  return latch !== undefined && row.cells[latch] === 1
}

/** The row as it is once its account is deleted: dead, and blanked. It is no change, for it follows from merged state. */
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
