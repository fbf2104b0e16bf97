import type { Change } from '../change.js'
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'

/** What the outbox keeps of a change; `oseq` is its place, and `epoch` that of the whole database. */
type Kept = Omit<Change, 'oseq' | 'epoch'>

const insert = prepare<{ change: string }>()((slot) =>
  query.insertInto('outbox').values({ change: slot('change') }).returning('oseq'),
)
const last = prepare()(() => query.selectFrom('outbox').select('oseq').orderBy('oseq', 'desc').limit(1))

/** Appends a change, in the transaction that writes its row; returns its `oseq`. */
export function appendOutbox(tx: Tx, change: Kept): number {
  return (tx.get(insert, { change: JSON.stringify(change) }) as { oseq: number }).oseq
}

/** The `oseq` of the newest change made here, 0 if there is none. */
export function outboxHead(reader: Reader): number {
  return reader.get(last)?.oseq ?? 0
}
