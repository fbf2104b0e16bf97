import type { Database } from '../db/engine/database.js'
import { listClosedBefore } from '../db/regional/closures.js'
import type { Journal } from './journal.js'

/** Accounts erased in one unit of work. */
const BATCH = 100

/**
 * Erases accounts that were closed before a time. Until then a deletion can be undone: by an operator, or because it was
 * made under a password that turns out to have been replaced.
 * @param closedBefore RFC 3339, UTC
 * @returns how many, at most `BATCH`
 */
export async function eraseClosedAccounts(
  { db, journal }: { db: Database; journal: Journal },
  closedBefore: string,
): Promise<number> {
  if (listClosedBefore(db, closedBefore, 1).length === 0) return 0
  return db.write((tx) => {
    const ids = listClosedBefore(tx, closedBefore, BATCH)
    const drafts = ids.map((key) => ({ type: 'user.deleted', key, fields: { deleted: true } }) as const)
    journal.record(tx, drafts)
    return ids.length
  })
}
