import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { grandQuery } from './tables.js'

const all = prepare()(() => grandQuery.selectFrom('watermarks').selectAll())
const upsert = prepare<{ server: string; gseq: number }>()((slot) =>
  grandQuery
    .insertInto('watermarks')
    .values({ server: slot('server'), gseq: slot('gseq') })
    .onConflict((conflict) => conflict.column('server').doUpdateSet({ gseq: slot('gseq') })),
)

/** Up to which entry of the log each regional has all bytes. */
export function loadWatermarks(reader: Reader): Map<string, number> {
  return new Map(reader.all(all).map(({ server, gseq }) => [server, gseq]))
}

export function storeWatermark(tx: Tx, server: string, gseq: number): void {
  tx.run(upsert, { server, gseq })
}
