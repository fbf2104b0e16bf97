import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const selectFailures = prepare<{ key: string; now: string }>()((slot) =>
  query
    .selectFrom('login_failures')
    .select(['failures', 'until'])
    .where('key', '=', slot('key'))
    .where('until', '>', slot('now')),
)
const upsertFailures = prepare<{ key: string; failures: number; until: string }>()((slot) =>
  query
    .insertInto('login_failures')
    .values({ key: slot('key'), failures: slot('failures'), until: slot('until') })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ failures: slot('failures'), until: slot('until') }),
    ),
)
const deleteFailures = prepare<{ key: string }>()((slot) =>
  query.deleteFrom('login_failures').where('key', '=', slot('key')),
)
const deleteExpired = prepare<{ now: string }>()((slot) =>
  query.deleteFrom('login_failures').where('until', '<=', slot('now')),
)

/** The number of failures in the window that is open at `now`, and the end of that window. */
export function findLoginFailures(
  reader: Reader,
  key: string,
  now: string,
): { failures: number; until: string } | undefined {
  return reader.get(selectFailures, { key, now })
}

/** Counts a failure and moves the end of the window to `until`. */
export function addLoginFailure(tx: Tx, key: string, now: string, until: string): void {
  const failures = (findLoginFailures(tx, key, now)?.failures ?? 0) + 1
  tx.run(upsertFailures, { key, failures, until })
}

export function clearLoginFailures(tx: Tx, key: string): void {
  tx.run(deleteFailures, { key })
}

export function deleteExpiredLoginFailures(tx: Tx, now: string): void {
  tx.run(deleteExpired, { now })
}
