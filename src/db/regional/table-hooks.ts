/** Hooks that run in the unit of work that changes a row, one for each table that needs it. */
import type { Row } from '../../model/merge.js'
import type { TableName } from '../../model/tables.js'
import type { Tx } from '../engine/database.js'
import { removeRefsOfAccount } from './account-refs.js'
import { resolveNameConflicts } from './names.js'
import { deleteSubscriber } from './subscribers.js'
import { endUnknownRefsOfAccount } from './unknown-changes.js'
import { clearLocalState } from './users.js'

export type Hook = (tx: Tx, key: string, before: Row | undefined, after: Row) => void

export const HOOKS: Partial<Record<TableName, Hook>> = {
  users(tx, key, before, after) {
    resolveNameConflicts(tx, key, before, after)
    // A disabled account and its friends get no events about each other, so its streams must start over.
    if (before !== undefined && before.cells.disabled !== after.cells.disabled) deleteSubscriber(tx, key)
    if (after.cells.deleted !== 1) return
    clearLocalState(tx, key)
    removeRefsOfAccount(tx, key)
    endUnknownRefsOfAccount(tx, key)
  },
}
