/**
 * Records the events that follow from an applied change, local or remote, in the same transaction. It records none for users
 * without a recent stream on this server, since nobody would read them.
 */
import type { Tx } from '../db/engine/database.js'
import { addEvent } from '../db/regional/events.js'
import { findFileById } from '../db/regional/files.js'
import { findFriendRequest, findFriendship, listFriendIds } from '../db/regional/friends.js'
import type { AppliedChange } from '../db/regional/replica.js'
import { findSubscriber } from '../db/regional/subscribers.js'
import type { Hook } from '../db/regional/table-hooks.js'
import { findActiveUserById, findStorageUse, findUserById } from '../db/regional/users.js'
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

/** Maximum number of friends who get an event of one file or account. */
const MAX_AUDIENCE = 10_000

export class EventRecorder {
  readonly #notifier: Notifier
  readonly #availability: Availability
  readonly #now: () => number

  constructor(live: Notifier, holders: Availability, now: () => number) {
    this.#notifier = live
    this.#availability = holders
    this.#now = now
  }

  /** One function for each table, called with the row before and after. */
  readonly #hooks: Record<TableName, Hook> = {
    users: (tx, id, before, after) => this.#recordUser(tx, id, before, after),
    files: (tx, id, before, after) => this.#recordFile(tx, id, before, after),
    // A notified stream checks its credentials.
    sessions: (tx, _id, _before, { cells }) => this.#notify(tx, String(cells.user_id)),
    tokens: (tx, _id, _before, { cells }) => this.#notify(tx, String(cells.user_id)),
    friend_requests: (tx, id, before, after) => this.#recordRequest(tx, id, before, after),
    friendships: (tx, _id, before, after) => this.#recordFriendship(tx, before, after),
  }

  /** Records the events of an applied change, and notifies subscribers after the commit. */
  record(tx: Tx, { table, key, before, after }: AppliedChange): void {
    if (after === undefined || after === before) return
    this.#hooks[table](tx, key, before, after)
  }

  #recordFile(tx: Tx, id: string, before: Row | undefined, after: Row): void {
    const owner = String(after.cells.owner_id)
    const was = before !== undefined && before.cells.deleted === 0
    const is = after.cells.deleted === 0
    if (!was && !is) return
    const data = once(() => {
      const row = findFileById(tx, id)
      return row && JSON.stringify(fileView(row, this.#availability))
    })
    this.#emitFile(tx, owner, { was, is, id, data })
    if (was !== is) this.#emitStorage(tx, owner)
    const sharedBefore = was && before.cells.visibility !== 'private'
    const sharedAfter = is && after.cells.visibility !== 'private'
    if (!sharedBefore && !sharedAfter) return
    // Friends see nothing of a disabled account.
    if (findActiveUserById(tx, owner) === undefined) return
    for (const friend of listFriendIds(tx, owner, MAX_AUDIENCE)) {
      this.#emitFile(tx, friend, { was: sharedBefore, is: sharedAfter, id, data })
    }
  }

  /** A user who gains access to a file gets `file.created`, one who loses it `file.deleted`. */
  #emitFile(
    tx: Tx,
    userId: string,
    file: { was: boolean; is: boolean; id: string; data: () => string | undefined },
  ): void {
    if (file.was && file.is) this.#emit(tx, userId, 'file.updated', file.data)
    else if (file.is) this.#emit(tx, userId, 'file.created', file.data)
    else this.#emit(tx, userId, 'file.deleted', () => JSON.stringify({ id: file.id }))
  }

  /** At most one event for each unit of work and account. */
  #emitStorage(tx: Tx, userId: string): void {
    tx.atEnd(`storage.changed ${userId}`, () => {
      const space = findStorageUse(tx, userId)
      if (space !== undefined) this.#emit(tx, userId, 'storage.changed', () => JSON.stringify(space))
    })
  }

  #recordUser(tx: Tx, id: string, before: Row | undefined, after: Row): void {
    this.#notify(tx, id)
    if (before === undefined) return
    if (isActive(before) !== isActive(after)) this.#recordFriends(tx, id, before, isActive(after))
    else if (before.cells.storage_quota !== after.cells.storage_quota) this.#emitStorage(tx, id)
  }

  /** Friends lose a deleted or disabled account, and get an enabled one back. */
  #recordFriends(tx: Tx, id: string, before: Row, isBack: boolean): void {
    const username = findUserById(tx, id)?.username_shown ?? before.cells.username
    for (const friend of listFriendIds(tx, id, MAX_AUDIENCE)) {
      const since = isBack ? findFriendship(tx, id, friend)?.since : undefined
      const type = isBack ? 'friend.accepted' : 'friend.removed'
      this.#emit(tx, friend, type, () => JSON.stringify({ id, username, since }))
    }
  }

  #recordRequest(tx: Tx, id: string, before: Row | undefined, after: Row): void {
    const status = after.cells.status
    if (before?.cells.status === status) return
    // An accepted request shows as its friendship. A cancelled one ends like a rejected one.
    const row = status === 'accepted' ? undefined : findFriendRequest(tx, id)
    if (row === undefined) return
    const type = status === 'pending' ? 'friend.requested' : 'friend.rejected'
    const data = () => JSON.stringify(friendRequestView(row))
    this.#emit(tx, row.from_id, type, data)
    this.#emit(tx, row.to_id, type, data)
  }

  #recordFriendship(tx: Tx, before: Row | undefined, after: Row): void {
    const was = before?.cells.active === 1
    const is = after.cells.active === 1
    if (was === is) return
    const pair = [String(after.cells.user_a), String(after.cells.user_b)].map((id) =>
      findActiveUserById(tx, id),
    )
    const [a, b] = pair
    if (a === undefined || b === undefined) return
    for (const [user, other] of [[a, b] as const, [b, a] as const]) {
      const seen = { id: other.id, username: other.username_shown }
      const payload = is ? { ...seen, since: after.cells.since } : seen
      this.#emit(tx, user.id, is ? 'friend.accepted' : 'friend.removed', () => JSON.stringify(payload))
    }
  }

  /** @param data called only if the event has readers; undefined when they may not see the row */
  #emit(tx: Tx, userId: string, type: EventType, data: () => string | undefined): void {
    if (this.#notifier.count(userId) === 0 && findSubscriber(tx, userId) === undefined) return
    const payload = data()
    if (payload === undefined) return
    addEvent(tx, { user_id: userId, type, data: payload, created_at: new Date(this.#now()).toISOString() })
    this.#notify(tx, userId)
  }

  #notify(tx: Tx, userId: string): void {
    tx.afterCommit(() => this.#notifier.notify(userId))
  }
}

/** Neither deleted nor disabled. */
function isActive({ cells }: Row): boolean {
  return cells.deleted === 0 && cells.disabled === 0
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
