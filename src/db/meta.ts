import type { Random } from '../lib/random.js'
import { ZERO_STAMP } from '../model/clock.js'
import type { Reader, Tx } from './engine/database.js'
import { prepare } from './engine/query.js'
import { query } from './tables.js'

/**
 * - `server`, `epoch`: the server's name and the incarnation of this database
 * - `log_began`, `log_time`: when the grand's log began, and the last time that it gave an entry, ms since 1970
 * - `clock`: the highest stamp made or observed; `log_clock`: the highest stamp known to be in the change log
 * - `confirmed`: the time that the grand last confirmed, ms since 1970
 * - `settled`: the last stamp that is not corrected any more when the clock was behind
 * - `cursor`: the position in the change log up to which entries are applied (JSON)
 * - `acked`: the last local change that the grand has acknowledged (JSON)
 * - `scrub`: the progress of the blob scrub (JSON), on both kinds of server
 * - `probe`: written to test whether the database is writable, on both kinds of server
 * - `refill_to`: the last entry to read again while a resync reads the change log from its start
 */
export type MetaKey =
  | 'server'
  | 'log_id'
  | 'log_began'
  | 'log_time'
  | 'epoch'
  | 'clock'
  | 'log_clock'
  | 'confirmed'
  | 'settled'
  | 'cursor'
  | 'acked'
  | 'scrub'
  | 'probe'
  | 'refill_to'

const selectMeta = prepare<{ key: string }>()((slot) =>
  query.selectFrom('meta').select('value').where('key', '=', slot('key')),
)
const upsertMeta = prepare<{ key: string; value: string }>()((slot) =>
  query
    .insertInto('meta')
    .values({ key: slot('key'), value: slot('value') })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: slot('value') })),
)

const deleteKey = prepare<{ key: string }>()((slot) =>
  query.deleteFrom('meta').where('key', '=', slot('key')),
)

export function readMeta(reader: Reader, key: MetaKey): string | undefined {
  return reader.get(selectMeta, { key })?.value
}

export function writeMeta(tx: Tx, key: MetaKey, value: string): void {
  tx.run(upsertMeta, { key, value })
}

export function deleteMeta(tx: Tx, key: MetaKey): void {
  tx.run(deleteKey, { key })
}

/** The highest stamp this server has made or observed. */
export function readClock(reader: Reader): string {
  return readMeta(reader, 'clock') ?? ZERO_STAMP
}

/** Stores and returns a new incarnation of this database: 32 hex digits. */
export function mintEpoch(tx: Tx, random: Random): string {
  const epoch = random.bytes(16).toString('hex')
  writeMeta(tx, 'epoch', epoch)
  return epoch
}
