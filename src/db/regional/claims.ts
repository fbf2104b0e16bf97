/**
 * When the change log took claims to names. A claim that has reached the log comes before any that has not, and among logged
 * ones the earlier: neither a wrong clock nor a rogue server can take a name that others know.
 *
 * Snapshot changes report the former times to a log that replaces a lost one, so that its order stays. Then its own entries
 * count, since servers that join later know nothing else.
 */
import type { Fact } from '../../model/change.js'
import { CHANGES, type ChangeShape } from '../../model/change-types.js'
import { declarationOf, TABLES, type TableName } from '../../model/tables.js'
import type { Query, Reader, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'

interface ClaimQueries {
  note: Query<{ logged_at: number; id: string }, unknown>
  select: Query<{ id: string }, { logged_at: number | null }>
  forget: Query<unknown, unknown>
}

const queries = new Map(
  (Object.keys(TABLES) as TableName[])
    .filter((table) => declarationOf(table).claims)
    .map((table): [TableName, ClaimQueries] => [table, queriesOf(table)]),
)

function queriesOf(table: string): ClaimQueries {
  return {
    note: {
      sql: `update ${table} set is_logged = 1,
        logged_at = case is_logged when 1 then min(logged_at, +?) else +? end where id = +?`,
      parameters: ['logged_at', 'logged_at', 'id'].map((name) => new Parameter(name)),
    },
    select: { sql: `select logged_at from ${table} where id = +?`, parameters: [new Parameter('id')] },
    forget: { sql: `update ${table} set is_logged = 0 where is_logged = 1`, parameters: [] },
  }
}

/** The table whose claim a change makes, if it makes one. */
function claimedTable({ type, fields }: Fact): TableName | undefined {
  const shape: ChangeShape | undefined = CHANGES[type]
  const declared = shape && declarationOf(shape.table)
  if (shape === undefined || !declared?.claims) return undefined
  const once = Object.entries(declared.fields).filter(([, { rule }]) => rule === 'once')
  return once.every(([name]) => name in fields) ? shape.table : undefined
}

/**
 * Notes when the log took the claim that a change makes.
 * @returns whether it makes one, so that what follows from claims has to be derived again
 */
export function noteClaim(tx: Tx, change: Fact, logged_at: number): boolean {
  const table = claimedTable(change)
  if (table === undefined) return false
  tx.run((queries.get(table) as ClaimQueries).note, { logged_at, id: change.key })
  return true
}

/** When a log took a claim; undefined if none has, or the table has no claims. */
export function readClaim(reader: Reader, table: TableName, id: string): number | undefined {
  const select = queries.get(table)?.select
  return (select && reader.get(select, { id })?.logged_at) ?? undefined
}

/** Marks all claims as not in the present log. */
export function forgetLoggedClaims(tx: Tx): void {
  for (const { forget } of queries.values()) tx.run(forget)
}
