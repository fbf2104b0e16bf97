/** Hooks that run in the unit of work that changes a row, one for each table that needs it. */
import type { Row } from '../../model/merge.js'
import type { TableName } from '../../model/tables.js'
import type { Tx } from '../engine/database.js'
import { removeRefsOfAccount } from './account-refs.js'
import { type AccountTransition, deriveAccount } from './account-state.js'
import { deriveOpen, deriveOpenBetween } from './open-requests.js'
import { deleteSubscriber } from './subscribers.js'
import { endUnknownRefsOfAccount } from './unknown-changes.js'
import { clearLocalState } from './users.js'

/** @returns the account whose derived state may have changed */
export type Hook = (tx: Tx, key: string, before: Row | undefined, after: Row) => AccountTransition | undefined

export const HOOKS: Partial<Record<TableName, Hook>> = {
  users(tx, key, before, { cells }) {
    const account = updateAccount(tx, key, before === undefined)
    if (cells.deleted === 1) {
      clearLocalState(tx, key)
      removeRefsOfAccount(tx, key)
      endUnknownRefsOfAccount(tx, key)
    }
    return account
  },
  passwords: updateOwner,
  emails: updateOwner,
  closures: updateOwner,
  friend_requests(tx, key) {
    deriveOpen(tx, key)
    return undefined
  },
  friendships(tx, _key, _before, { cells }) {
    deriveOpenBetween(tx, String(cells.user_a), String(cells.user_b))
    return undefined
  },
}

function updateOwner(
  tx: Tx,
  _key: string,
  _before: Row | undefined,
  { cells }: Row,
): AccountTransition | undefined {
  return updateAccount(tx, String(cells.user_id), false)
}

function updateAccount(tx: Tx, id: string, isNew: boolean): AccountTransition | undefined {
  const account = deriveAccount(tx, id)
  if (isNew) return undefined
  // An inactive account and its friends get no events about each other, so its streams must start over.
  if (account !== undefined && account.wasActive !== account.isActive) deleteSubscriber(tx, id)
  return account
}
