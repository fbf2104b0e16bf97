import type { Random } from '../../lib/random.js'
import { CHANGE_VERSION, type Change, declaredBlob, type Fact } from '../../model/change.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { deleteMeta, mintEpoch, readMeta, writeMeta } from '../meta.js'
import { query } from '../tables.js'

/** A change as the outbox stores it: `oseq` is the row's key, and `epoch` that of the whole database. */
type StoredChange = Fact & Omit<Change, 'oseq' | 'epoch'>

/** The last local change that the grand has acknowledged. */
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
/** AUTOINCREMENT keeps its last value in a table of SQLite's own. */
const resetSequence = { sql: "delete from sqlite_sequence where name = 'outbox'", parameters: [] }

/**
 * Appends a fact as a change of this server, in the transaction that writes its row.
 * @param fact with an id if it is a change of another server that is republished as it is
 */
export function appendOutbox(tx: Tx, origin: string, fact: Fact & { id?: string }, random: Random): void {
  const blob = fact.blob ?? declaredBlob(fact)
  insertStored(tx, { v: CHANGE_VERSION, id: random.id(), origin, ...fact, ...(blob && { blob }) })
}

function insertStored(tx: Tx, change: StoredChange): void {
  tx.get(insertChange, { change: JSON.stringify(change) })
}

/** Changes after a position, oldest first. */
export function readOutbox(reader: Reader, oseq: number, limit: number): Change[] {
  const rows = reader.all(selectChangesAfter, { oseq, limit })
  if (rows.length === 0) return []
  const epoch = readMeta(reader, 'epoch') as string
  return rows.map((row) => ({ epoch, oseq: row.oseq, ...JSON.parse(row.change) }))
}

/** The id of the change at a position, while the outbox contains it. */
export function findOutboxId(reader: Reader, oseq: number): string | undefined {
  const row = reader.get(selectChangeAt, { oseq })
  return row === undefined ? undefined : (JSON.parse(row.change) as StoredChange).id
}

export function readAcked(reader: Reader): Acked {
  const acked = readMeta(reader, 'acked')
  return acked === undefined ? { oseq: 0, id: '' } : JSON.parse(acked)
}

/** The `oseq` of the newest change made here, 0 if there is none. */
export function outboxHead(reader: Reader): number {
  return reader.get(selectLast)?.oseq ?? readAcked(reader).oseq
}

/** Deletes the acknowledged changes and stores the last acknowledged position. */
export function acknowledge(tx: Tx, acked: Acked): void {
  writeMeta(tx, 'acked', JSON.stringify(acked))
  tx.run(deleteUpTo, { oseq: acked.oseq })
}

/**
 * Begins a new epoch: renumbers the outbox from 1. Changes keep their ids, by which the grand recognises those it has.
 * @param keep whether the changes stay in the outbox; if not, the caller has to republish their rows
 */
export function beginEpoch(tx: Tx, { keepChanges }: { keepChanges: boolean }, random: Random): void {
  const changes = keepChanges ? readOutbox(tx, 0, Number.MAX_SAFE_INTEGER) : []
  tx.run(deleteAll)
  tx.run(resetSequence)
  deleteMeta(tx, 'acked')
  mintEpoch(tx, random)
  for (const { epoch: _epoch, oseq: _oseq, ...change } of changes) insertStored(tx, change)
}
