import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const insertDeadLetter = prepare<{ gseq: number; change: string; reason: string }>()((slot) =>
  query
    .insertInto('dead_letters')
    .values({ gseq: slot('gseq'), change: slot('change'), reason: slot('reason') })
    .onConflict((conflict) => conflict.column('gseq').doNothing()),
)
const countRows = prepare()(() =>
  query.selectFrom('dead_letters').select((eb) => eb.fn.countAll<number>().as('count')),
)
const deleteAll = prepare()(() => query.deleteFrom('dead_letters'))

/** Stores a change that could not be applied, for an operator to inspect. */
export function addDeadLetter(tx: Tx, gseq: number, change: string, reason: string): void {
  tx.run(insertDeadLetter, { gseq, change, reason })
}

export function countDeadLetters(reader: Reader): number {
  return reader.get(countRows)?.count ?? 0
}

export function clearDeadLetters(tx: Tx): void {
  tx.run(deleteAll)
}
