import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const selectFailures = prepare<{ key: string; now: string; latest: string }>()((slot) =>
  query
    .selectFrom('login_failures')
    .select(['failures', 'until'])
    .where('key', '=', slot('key'))
    .where('until', '>', slot('now'))
    .where('until', '<=', slot('latest')),
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

/** A window that is open now ends after `now`, and at `latest` at the latest. */
export interface OpenWindow {
  now: string
  latest: string
}

/**
 * The number of failures in the window that is open, and the end of that window. A window that ends later than `latest` was
 * made by a clock that was ahead, and does not count.
 */
export function findLoginFailures(
  reader: Reader,
  key: string,
  { now, latest }: OpenWindow,
): { failures: number; until: string } | undefined {
  return reader.get(selectFailures, { key, now, latest })
}

/** Counts a failure and moves the end of the window to `until`. */
export function addLoginFailure(tx: Tx, key: string, window: OpenWindow, until: string): void {
  const failures = (findLoginFailures(tx, key, window)?.failures ?? 0) + 1
  tx.run(upsertFailures, { key, failures, until })
}

export function clearLoginFailures(tx: Tx, key: string): void {
  tx.run(deleteFailures, { key })
}

export function deleteExpiredLoginFailures(tx: Tx, now: string): void {
  tx.run(deleteExpired, { now })
}
