/**
 * Who bears a name. Two servers that were cut off from each other can both have registered it: of the live accounts
 * that claim one folded name, the one with the smallest (created stamp, id) bears it, and the others show as
 * `name~xxxx`. It is computed from merged state, so every server comes to the same answer. `~` is in no name that a
 * person can choose. The same holds for emails.
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

const KINDS = [
  { column: 'username', claims: selectUsernameClaims, show: updateShownUsername },
  { column: 'email', claims: selectEmailClaims, show: updateShownEmail },
] as const

/** Settles anew every name that the change of a user's row touches. */
export function resolveNameConflicts(tx: Tx, id: string, before: Row | undefined, after: Row): void {
  const isDead = after.cells.deleted === 1
  const ranksAlike =
    before?.created_stamp === after.created_stamp && before.cells.deleted === after.cells.deleted
  for (const { column, claims, show } of KINDS) {
    if (ranksAlike && before.cells[column] === after.cells[column]) continue
    if (isDead) tx.run(show, { id, shown: '', login: '' })
    const touched = new Set([before ?? after, after].map(({ cells }) => fold(String(cells[column]))))
    for (const folded of touched) {
      for (const [rank, { id, claimed, shown }] of tx.all(claims, { folded }).entries()) {
        const due = rank === 0 ? claimed : `${claimed}~${id.slice(-4)}`
        if (due !== shown) tx.run(show, { id, shown: due, login: fold(due) })
      }
    }
  }
}
