import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'

const insert = prepare<{ gseq: number; change: string; reason: string }>()((slot) =>
  query
    .insertInto('parked')
    .values({ gseq: slot('gseq'), change: slot('change'), reason: slot('reason') })
    .onConflict((conflict) => conflict.column('gseq').doNothing()),
)
const count = prepare()(() => query.selectFrom('parked').select((eb) => eb.fn.countAll<number>().as('count')))
const clear = prepare()(() => query.deleteFrom('parked'))

/** Keeps a change that could not be applied, for a person to look at. */
export function park(tx: Tx, gseq: number, change: string, reason: string): void {
  tx.run(insert, { gseq, change, reason })
}

export function countParked(reader: Reader): number {
  return reader.get(count)?.count ?? 0
}

export function clearParked(tx: Tx): void {
  tx.run(clear)
}
