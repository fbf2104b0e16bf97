import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const select = prepare<{ key: string; now: string }>()((slot) =>
  query
    .selectFrom('login_failures')
    .select(['failures', 'until'])
    .where('key', '=', slot('key'))
    .where('until', '>', slot('now')),
)
const upsert = prepare<{ key: string; failures: number; until: string }>()((slot) =>
  query
    .insertInto('login_failures')
    .values({ key: slot('key'), failures: slot('failures'), until: slot('until') })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ failures: slot('failures'), until: slot('until') }),
    ),
)
const remove = prepare<{ key: string }>()((slot) =>
  query.deleteFrom('login_failures').where('key', '=', slot('key')),
)
const purge = prepare<{ now: string }>()((slot) =>
  query.deleteFrom('login_failures').where('until', '<=', slot('now')),
)

/** Failures in the window that is open at `now`, and when it ends. */
export function loginFailures(
  reader: Reader,
  key: string,
  now: string,
): { failures: number; until: string } | undefined {
  return reader.get(select, { key, now })
}

/** Counts one more failure; the window ends at `until`. */
export function addLoginFailure(tx: Tx, key: string, now: string, until: string): void {
  const failures = (loginFailures(tx, key, now)?.failures ?? 0) + 1
  tx.run(upsert, { key, failures, until })
}

export function clearLoginFailures(tx: Tx, key: string): void {
  tx.run(remove, { key })
}

export function purgeLoginFailures(tx: Tx, now: string): void {
  tx.run(purge, { now })
}
