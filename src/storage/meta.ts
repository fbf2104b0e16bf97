import { randomBytes } from 'node:crypto'
import { ZERO_STAMP } from '../clock.js'
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'

export type MetaKey = 'server' | 'epoch' | 'clock' | 'cursor'

const select = prepare<{ key: string }>()((slot) =>
  query.selectFrom('meta').select('value').where('key', '=', slot('key')),
)
const upsert = prepare<{ key: string; value: string }>()((slot) =>
  query
    .insertInto('meta')
    .values({ key: slot('key'), value: slot('value') })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: slot('value') })),
)

export function readMeta(reader: Reader, key: MetaKey): string | undefined {
  return reader.get(select, { key })?.value
}

export function writeMeta(tx: Tx, key: MetaKey, value: string): void {
  tx.run(upsert, { key, value })
}

/** The highest stamp this server has made or seen. */
export function readClock(reader: Reader): string {
  return readMeta(reader, 'clock') ?? ZERO_STAMP
}

/** A fresh incarnation of this database: 32 hex digits. */
export function mintEpoch(tx: Tx): string {
  const epoch = randomBytes(16).toString('hex')
  writeMeta(tx, 'epoch', epoch)
  return epoch
}
