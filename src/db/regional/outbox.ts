import type { Random } from '../../lib/random.js'
import { CHANGE_VERSION, type Change, declaredBlob, type Fact } from '../../model/change.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { deleteMeta, mintEpoch, readMeta, writeMeta } from '../meta.js'
import { query } from '../tables.js'

/** What the outbox keeps of a change; its `oseq` is its place, and its `epoch` that of the whole database. */
type StoredChange = Fact & Omit<Change, 'oseq' | 'epoch'>

/** The last own change that the grand has acknowledged. */
export interface Acked {
  oseq: number
  id: string
}

const insertChange = prepare<{ change: string }>()((slot) =>
  query
    .insertInto('outbox')
    .values({ change: slot('change') })
    .returning('oseq'),
)
const selectLast = prepare()(() => query.selectFrom('outbox').select('oseq').orderBy('oseq', 'desc').limit(1))
const selectChangesAfter = prepare<{ oseq: number; limit: number }>()((slot) =>
  query
    .selectFrom('outbox')
    .select(['oseq', 'change'])
    .where('oseq', '>', slot('oseq'))
    .orderBy('oseq')
    .limit(slot('limit')),
)
const selectChangeAt = prepare<{ oseq: number }>()((slot) =>
  query.selectFrom('outbox').select('change').where('oseq', '=', slot('oseq')),
)
const deleteUpTo = prepare<{ oseq: number }>()((slot) =>
  query.deleteFrom('outbox').where('oseq', '<=', slot('oseq')),
)
const deleteAll = prepare()(() => query.deleteFrom('outbox'))
/** SQLite's own table of what AUTOINCREMENT has handed out. */
const resetSequence = { sql: "delete from sqlite_sequence where name = 'outbox'", parameters: [] }

/** States a fact as a change of this server, in the transaction that writes its row. */
export function appendOutbox(tx: Tx, origin: string, fact: Fact, random: Random): void {
  const blob = fact.blob ?? declaredBlob(fact)
  insertStored(tx, { v: CHANGE_VERSION, id: random.id(), origin, ...fact, ...(blob && { blob }) })
}

function insertStored(tx: Tx, change: StoredChange): void {
  tx.get(insertChange, { change: JSON.stringify(change) })
}

/** Changes after a place, oldest first. */
export function readOutbox(reader: Reader, oseq: number, limit: number): Change[] {
  const rows = reader.all(selectChangesAfter, { oseq, limit })
  if (rows.length === 0) return []
  const epoch = readMeta(reader, 'epoch') as string
  return rows.map((row) => ({ epoch, oseq: row.oseq, ...JSON.parse(row.change) }))
}

/** The id of the change at a place, while the outbox still has it. */
export function findOutboxIdAt(reader: Reader, oseq: number): string | undefined {
  const row = reader.get(selectChangeAt, { oseq })
  return row === undefined ? undefined : (JSON.parse(row.change) as StoredChange).id
}

export function readAcked(reader: Reader): Acked {
  const acked = readMeta(reader, 'acked')
  return acked === undefined ? { oseq: 0, id: '' } : JSON.parse(acked)
}

/** The `oseq` of the newest change made here, 0 if there is none. */
export function readOutboxHead(reader: Reader): number {
  return reader.get(selectLast)?.oseq ?? readAcked(reader).oseq
}

/** Removes what the grand has acknowledged, and remembers the last of it. */
export function acknowledge(tx: Tx, acked: Acked): void {
  writeMeta(tx, 'acked', JSON.stringify(acked))
  tx.run(deleteUpTo, { oseq: acked.oseq })
}

/**
 * Begins a new epoch: what the outbox holds is numbered from 1 again, under the same ids, so that the grand knows what
 * it has already.
 * @param keep whether the changes stay; if not, their rows have to be told in another way
 */
export function beginEpoch(tx: Tx, { keep }: { keep: boolean }, random: Random): void {
  const kept = keep ? readOutbox(tx, 0, Number.MAX_SAFE_INTEGER) : []
  tx.run(deleteAll)
  tx.run(resetSequence)
  deleteMeta(tx, 'acked')
  mintEpoch(tx, random)
  for (const { epoch: _epoch, oseq: _oseq, ...change } of kept) insertStored(tx, change)
}
