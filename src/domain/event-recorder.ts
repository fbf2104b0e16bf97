/**
 * Derives events from local and remote changes, in the transaction that applies them. Users who have had no event stream
 * open on this server for a week get none.
 */

import type { Tx } from '../db/engine/database.js'
import type { AccountTransition } from '../db/regional/account-state.js'
import { addEvent } from '../db/regional/events.js'
import { findFileById } from '../db/regional/files.js'
import { findFriendRequest, findFriendship, listFriendIds } from '../db/regional/friends.js'
import type { AppliedChange } from '../db/regional/replica.js'
import { findSubscriber } from '../db/regional/subscribers.js'
import { findActiveUserById, findStorageUse } from '../db/regional/users.js'
import type { Row } from '../model/merge.js'
import type { TableName } from '../model/tables.js'
import type { Notifier } from './notifier.js'
import { type Availability, fileView, friendRequestView } from './views.js'

export type EventType =
  | 'file.created'
  | 'file.updated'
  | 'file.deleted'
  | 'friend.requested'
  | 'friend.accepted'
  | 'friend.rejected'
  | 'friend.removed'
  | 'storage.changed'

/** Bounds the events that one change causes; further friends get none. */
const MAX_NOTIFIED_FRIENDS = 10_000

/** Records the events of a changed row. */
type Recorder = (tx: Tx, key: string, before: Row | undefined, after: Row) => void

export interface EventRecorderDeps {
  notifier: Notifier
  availability: Availability
  now: () => number
}

export class EventRecorder {
  readonly #deps: EventRecorderDeps

  constructor(deps: EventRecorderDeps) {
    this.#deps = deps
  }

  readonly #hooks: Record<TableName, Recorder> = {
    users: (tx, id, before, after) => this.#recordUser(tx, id, before, after),
    passwords: (tx, _id, _before, { cells }) => this.#notify(tx, String(cells.user_id)),
    emails: () => {},
    closures: (tx, _id, _before, { cells }) => this.#notify(tx, String(cells.user_id)),
    files: (tx, id, before, after) => this.#recordFile(tx, id, before, after),
    // An event stream re-checks its credentials when it is notified.
    sessions: (tx, _id, _before, { cells }) => this.#notify(tx, String(cells.user_id)),
    tokens: (tx, _id, _before, { cells }) => this.#notify(tx, String(cells.user_id)),
    friend_requests: (tx, id, before, after) => this.#recordRequest(tx, id, before, after),
    friendships: (tx, _id, before, after) => this.#recordFriendship(tx, before, after),
  }

  /** Writes the events of an applied change, and notifies their subscribers after the commit. */
  record(tx: Tx, { table, key, before, after, account }: AppliedChange): void {
    if (after === undefined || after === before) return
    this.#hooks[table](tx, key, before, after)
    if (account !== undefined && account.wasActive !== account.isActive) this.#recordAccount(tx, account)
  }

  #recordFile(tx: Tx, id: string, before: Row | undefined, after: Row): void {
    const owner = String(after.cells.owner_id)
    const existed = before !== undefined && before.cells.deleted === 0
    const exists = after.cells.deleted === 0
    if (!existed && !exists) return
    const data = memoize(() => {
      const row = findFileById(tx, id)
      return row && JSON.stringify(fileView(row, this.#deps.availability))
    })
    this.#emitFile(tx, owner, { wasVisible: existed, isVisible: exists, id, data })
    if (existed !== exists) this.#emitStorage(tx, owner)
    const wasVisible = existed && before.cells.visibility !== 'private'
    const isVisible = exists && after.cells.visibility !== 'private'
    if (!wasVisible && !isVisible) return
    // Friends cannot see the files of an inactive account.
    if (findActiveUserById(tx, owner) === undefined) return
    for (const friend of listFriendIds(tx, owner, MAX_NOTIFIED_FRIENDS)) {
      this.#emitFile(tx, friend, { wasVisible, isVisible, id, data })
    }
  }

  /** A file that becomes visible to a user is reported as created, one that ceases to be visible as deleted. */
  #emitFile(
    tx: Tx,
    userId: string,
    file: { wasVisible: boolean; isVisible: boolean; id: string; data: () => string | undefined },
  ): void {
    if (file.wasVisible && file.isVisible) this.#emit(tx, userId, 'file.updated', file.data)
    else if (file.isVisible) this.#emit(tx, userId, 'file.created', file.data)
    else this.#emit(tx, userId, 'file.deleted', () => JSON.stringify({ id: file.id }))
  }

  /** Emits one event per unit of work, however many files of the account it changed. */
  #emitStorage(tx: Tx, userId: string): void {
    tx.atEnd(`storage.changed ${userId}`, () => {
      const space = findStorageUse(tx, userId)
      if (space !== undefined) this.#emit(tx, userId, 'storage.changed', () => JSON.stringify(space))
    })
  }

  #recordUser(tx: Tx, id: string, before: Row | undefined, after: Row): void {
    this.#notify(tx, id)
    if (before !== undefined && before.cells.storage_quota !== after.cells.storage_quota)
      this.#emitStorage(tx, id)
  }

  /** Reports an account to its friends: as removed once it is inactive, as accepted once it is active again. */
  #recordAccount(tx: Tx, { id, isActive, shownName: username }: AccountTransition): void {
    for (const friend of listFriendIds(tx, id, MAX_NOTIFIED_FRIENDS)) {
      const since = isActive ? findFriendship(tx, id, friend)?.since : undefined
      const type = isActive ? 'friend.accepted' : 'friend.removed'
      this.#emit(tx, friend, type, () => JSON.stringify({ id, username, since }))
    }
  }

  #recordRequest(tx: Tx, id: string, before: Row | undefined, after: Row): void {
    const status = after.cells.status
    if (before?.cells.status === status) return
    // The friendship's event reports an accepted request. A cancelled request is reported as rejected.
    const row = status === 'accepted' ? undefined : findFriendRequest(tx, id)
    if (row === undefined || (status === 'pending' && row.is_open === 0)) return
    const type = status === 'pending' ? 'friend.requested' : 'friend.rejected'
    const data = () => JSON.stringify(friendRequestView(row))
    this.#emit(tx, row.from_id, type, data)
    this.#emit(tx, row.to_id, type, data)
  }

  #recordFriendship(tx: Tx, before: Row | undefined, after: Row): void {
    const wasActive = before?.cells.active === 1
    const isActive = after.cells.active === 1
    if (wasActive === isActive) return
    const userIds = [String(after.cells.user_a), String(after.cells.user_b)]
    const [a, b] = userIds.map((id) => findActiveUserById(tx, id))
    if (a === undefined || b === undefined) return
    const type = isActive ? 'friend.accepted' : 'friend.removed'
    for (const [user, other] of [[a, b] as const, [b, a] as const]) {
      const friend = { id: other.id, username: other.username_shown }
      const payload = isActive ? { ...friend, since: after.cells.since } : friend
      this.#emit(tx, user.id, type, () => JSON.stringify(payload))
    }
  }

  /** @param data evaluated only if the user may read the event; undefined cancels it */
  #emit(tx: Tx, userId: string, type: EventType, data: () => string | undefined): void {
    if (this.#deps.notifier.subscriberCount(userId) === 0 && findSubscriber(tx, userId) === undefined) return
    const payload = data()
    if (payload === undefined) return
    const created_at = new Date(this.#deps.now()).toISOString()
    addEvent(tx, { user_id: userId, type, data: payload, created_at })
    this.#notify(tx, userId)
  }

  #notify(tx: Tx, userId: string): void {
    tx.afterCommit(() => this.#deps.notifier.notify(userId))
  }
}

function memoize<T>(make: () => T): () => T {
  let value: T | undefined
  return () => (value ??= make())
}
