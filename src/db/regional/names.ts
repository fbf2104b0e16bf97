/**
 * Resolves name conflicts. During a partition two servers can register the same name. Of the live accounts with one
 * folded name, the one with the earliest claim holds it (see claims.ts); the others are shown as `name~xxxx`. The result
 * follows from merged state and the log, so it is the same on every server. No chosen name contains `~`. Emails likewise.
 */
import { compareText } from '../../model/compare.js'
import type { Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'
import { fold } from './fold.js'

const selectUsernameClaims = prepare<{ folded: string }>()((slot) =>
  query
    .selectFrom('users')
    .select(['id', 'username as claimed', 'username_shown as shown', 'logged_at', 'created_stamp'])
    .where('username_folded', '=', slot('folded'))
    .where('deleted', '=', 0),
)
const selectEmailClaims = prepare<{ folded: string }>()((slot) =>
  query
    .selectFrom('users')
    .innerJoin('emails', 'emails.id', 'users.email_id')
    .select(['users.id', 'users.email as claimed', 'users.email_shown as shown'])
    .select(['emails.logged_at', 'emails.created_stamp'])
    .where('users.email_folded', '=', slot('folded'))
    .where('users.deleted', '=', 0),
)
const updateShownUsername = prepare<{ id: string; shown: string; login: string }>()((slot) =>
  query
    .updateTable('users')
    .set({ username_shown: slot('shown'), username_login: slot('login') })
    .where('id', '=', slot('id')),
)
const updateShownEmail = prepare<{ id: string; shown: string; login: string }>()((slot) =>
  query
    .updateTable('users')
    .set({ email_shown: slot('shown'), email_login: slot('login') })
    .where('id', '=', slot('id')),
)

/** An account's claim to a name. */
interface Claim {
  id: string
  logged_at: number | null
  created_stamp: string
}

const UNLOGGED = Number.MAX_VALUE

type FoldedNames = Record<'username_folded' | 'email_folded', string>

const CLAIMED_COLUMNS = [
  { column: 'username_folded', claims: selectUsernameClaims, show: updateShownUsername },
  { column: 'email_folded', claims: selectEmailClaims, show: updateShownEmail },
] as const

/** Recomputes the shown names and emails of every account that a change of one account affects. An empty name is none. */
export function resolveNameConflicts(tx: Tx, id: string, before: FoldedNames, after: FoldedNames): void {
  for (const { column, claims, show } of CLAIMED_COLUMNS) {
    if (after[column] === '' && before[column] !== '') tx.run(show, { id, shown: '', login: '' })
    for (const folded of new Set([before[column], after[column]])) {
      if (folded === '') continue
      const ranked = tx.all(claims, { folded }).toSorted(byAge)
      for (const [rank, { id, claimed, shown }] of ranked.entries()) {
        const name = rank === 0 ? claimed : `${claimed}~${id.slice(-4)}`
        if (name !== shown) tx.run(show, { id, shown: name, login: fold(name) })
      }
    }
  }
}

/** Earliest first. What the log took comes before what it has not taken; stamps decide among the latter only. */
function byAge(a: Claim, b: Claim): number {
  return (
    (a.logged_at ?? UNLOGGED) - (b.logged_at ?? UNLOGGED) ||
    compareText(a.created_stamp, b.created_stamp) ||
    compareText(a.id, b.id)
  )
}
