/** What follows from the change of a row, in the same unit of work: one hook for each table that needs it. */
import type { Row } from '../../model/merge.js'
import type { TableName } from '../../model/tables.js'
import type { Tx } from '../engine/database.js'
import { removeRefsOfAccount } from './account-refs.js'
import { resolveNameConflicts } from './names.js'
import { deleteSubscriber } from './subscribers.js'
import { clearLocalState } from './users.js'

export type Hook = (tx: Tx, key: string, before: Row | undefined, after: Row) => void

export const HOOKS: Partial<Record<TableName, Hook>> = {
  users(tx, key, before, after) {
    resolveNameConflicts(tx, key, before, after)
    // Neither a disabled account nor its friends are told of each other: its streams begin anew.
    if (before !== undefined && before.cells.disabled !== after.cells.disabled) deleteSubscriber(tx, key)
    if (after.cells.deleted !== 1) return
    clearLocalState(tx, key)
    removeRefsOfAccount(tx, key)
  },
}
