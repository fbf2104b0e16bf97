/**
 * Resolves name conflicts. During a partition two servers can register the same name. Of the live accounts with one
 * folded name, the one with the smallest (created stamp, id) holds the name; the others are shown as `name~xxxx`. The
 * result follows from merged state, so it is the same on every server. No chosen name contains `~`. Emails likewise.
 */
import type { Row } from '../../model/merge.js'
import type { Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'
import { fold } from './fold.js'

const selectUsernameClaims = prepare<{ folded: string }>()((slot) =>
  query
    .selectFrom('users')
    .select(['id', 'username as claimed', 'username_shown as shown'])
    .where('username_folded', '=', slot('folded'))
    .where('deleted', '=', 0)
    .orderBy('created_stamp')
    .orderBy('id'),
)
const selectEmailClaims = prepare<{ folded: string }>()((slot) =>
  query
    .selectFrom('users')
    .select(['id', 'email as claimed', 'email_shown as shown'])
    .where('email_folded', '=', slot('folded'))
    .where('deleted', '=', 0)
    .orderBy('created_stamp')
    .orderBy('id'),
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

const CLAIMED_COLUMNS = [
  { column: 'username', claims: selectUsernameClaims, show: updateShownUsername },
  { column: 'email', claims: selectEmailClaims, show: updateShownEmail },
] as const

/** Recomputes the shown names and emails of every account that a change of a user's row affects. */
export function resolveNameConflicts(tx: Tx, id: string, before: Row | undefined, after: Row): void {
  const isDeleted = after.cells.deleted === 1
  const hasSameRank =
    before?.created_stamp === after.created_stamp && before.cells.deleted === after.cells.deleted
  for (const { column, claims, show } of CLAIMED_COLUMNS) {
    if (hasSameRank && before.cells[column] === after.cells[column]) continue
    if (isDeleted) tx.run(show, { id, shown: '', login: '' })
    const affectedNames = new Set([before ?? after, after].map(({ cells }) => fold(String(cells[column]))))
    for (const folded of affectedNames) {
      for (const [rank, { id, claimed, shown }] of tx.all(claims, { folded }).entries()) {
        const name = rank === 0 ? claimed : `${claimed}~${id.slice(-4)}`
        if (name !== shown) tx.run(show, { id, shown: name, login: fold(name) })
      }
    }
  }
}
