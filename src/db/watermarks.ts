import type { Reader, Tx } from './engine/database.js'
import { prepare } from './engine/query.js'
import { query } from './tables.js'

const selectWatermarks = prepare()(() => query.selectFrom('watermarks').selectAll())
const upsertWatermark = prepare<{ server: string; gseq: number }>()((slot) =>
  query
    .insertInto('watermarks')
    .values({ server: slot('server'), gseq: slot('gseq') })
    .onConflict((conflict) => conflict.column('server').doUpdateSet({ gseq: slot('gseq') })),
)
const deleteWatermarks = prepare()(() => query.deleteFrom('watermarks'))

/** The log position up to which each server stores every blob. The table is the same on both kinds of server. */
export function readWatermarks(reader: Reader): Map<string, number> {
  return new Map(reader.all(selectWatermarks).map(({ server, gseq }) => [server, gseq]))
}

export function writeWatermark(tx: Tx, server: string, gseq: number): void {
  tx.run(upsertWatermark, { server, gseq })
}

export function clearWatermarks(tx: Tx): void {
  tx.run(deleteWatermarks)
}
