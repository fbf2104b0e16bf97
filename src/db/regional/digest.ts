import { createHash } from 'node:crypto'
import { setImmediate as nextTick } from 'node:timers/promises'
import { DAY_MS } from '../../lib/durations.js'
import { millisecondsOf } from '../../model/clock.js'
import { mergedColumns } from '../../model/merge.js'
import { declarationOf, TABLES, type TableName } from '../../model/tables.js'
import type { Query, Reader } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { readClock } from '../meta.js'

const ROWS_PER_PAGE = 1000

/** Excludes sessions that expired earlier, since each server deletes them at its own time. Counted from the last stamp. */
const EXPIRED_SESSION_DAYS = 15

/**
 * sha256 in hex of all merged state: equal on servers that have applied the same changes. Derived state, local state and
 * rows that garbage collection may have deleted are excluded.
 */
export async function stateDigest(reader: Reader): Promise<string> {
  const hash = createHash('sha256')
  const day = Math.floor(millisecondsOf(readClock(reader)) / DAY_MS) - EXPIRED_SESSION_DAYS
  const horizon = new Date(Math.max(0, day) * DAY_MS).toISOString()
  for (const table of Object.keys(TABLES) as TableName[]) {
    hash.update(`${table}\n`)
    for (let after = ''; ; ) {
      const rows = reader.all(pageQueryOf(table), { after, horizon, limit: ROWS_PER_PAGE })
      for (const row of rows) hash.update(`${row.line}\n`)
      const last = rows.at(-1)
      if (last === undefined) break
      after = last.id
      await nextTick()
    }
  }
  return hash.digest('hex')
}

type PageQuery = Query<{ after: string; horizon: string; limit: number }, { id: string; line: string }>

function pageQueryOf(table: TableName): PageQuery {
  const columns = ['id', ...mergedColumns(table), 'created_stamp', 'stamps']
    .map((name) => `t.${name}`)
    .join(', ')
  const line = `json_array(${columns})`
  const tombstone = "json_array(t.id, 'deleted')"
  const { owner, fields } = declarationOf(table)
  const isOwnerDeleted = owner === undefined ? '' : `or (select deleted from users where id = t.${owner}) = 1`
  const digested =
    fields['deleted'] === undefined
      ? line
      : `case when t.deleted = 1 ${isOwnerDeleted} then ${tombstone} else ${line} end`
  const condition = table === 'sessions' ? 'and t.expires_at >= ?' : ''
  const slots = table === 'sessions' ? ['after', 'horizon', 'limit'] : ['after', 'limit']
  return {
    sql: `select t.id, ${digested} as line from ${table} t
          where t.id > ? ${condition} order by t.id limit ? + 0`,
    parameters: slots.map((name) => new Parameter(name)),
  }
}
