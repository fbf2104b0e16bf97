import type { Database, Reader, Tx } from '../db/engine/database.js'
import { foldLogin } from '../db/regional/fold.js'
import {
  type Direction,
  type FriendRequestRow,
  findFriendRequest,
  findFriendship,
  listFriends,
  listRequests,
  listRequestsBetween,
  pairKey,
} from '../db/regional/friends.js'
import { findActiveUserByUsername, type UserRow } from '../db/regional/users.js'
import type { Draft } from '../model/change.js'
import type { RequestStatus } from '../model/tables.js'
import { requireActiveUser } from './access.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, type Page, pageOf } from './paging.js'
import { type FriendRequestView, type FriendView, friendRequestView } from './views.js'

export interface FriendsDeps {
  db: Database
  journal: Journal
  now: () => number
}

/**
 * Friend requests and friendships. Settling a request also writes the pair's friendship under the same stamp, so that
 * the later of a concurrent accept and cancel decides both rows, and other requests of the pair end (open-requests.ts).
 */
export class Friends {
  readonly #deps: FriendsDeps

  constructor(deps: FriendsDeps) {
    this.#deps = deps
  }

  /**
   * Sends a friend request, or accepts the pending one from the other user.
   * @throws DomainError user-not-found, self-request, already-friends, request-pending, unauthenticated if the
   *   sender's account has just been deleted or disabled
   */
  async request(userId: string, username: string): Promise<FriendRequestView> {
    return this.#deps.db.write((tx) => {
      requireActiveUser(tx, userId)
      const other = findActiveUserByUsername(tx, foldLogin(username))
      if (other === undefined) throw new DomainError('user-not-found', 'There is no user with this name.')
      if (other.id === userId)
        throw new DomainError('self-request', 'You cannot send a friend request to yourself.')
      if (findFriendship(tx, userId, other.id) !== undefined) {
        throw new DomainError('already-friends', 'You are already friends with this user.')
      }
      const [incoming] = listRequestsBetween(tx, other.id, userId)
      if (incoming !== undefined) {
        this.#settle(tx, incoming, 'accepted')
        return friendRequestView(findFriendRequest(tx, incoming.id) as FriendRequestRow)
      }
      if (listRequestsBetween(tx, userId, other.id).length > 0) {
        throw new DomainError('request-pending', 'You have already sent this user a friend request.')
      }
      const id = this.#deps.journal.random.id()
      const fields = { from_id: userId, to_id: other.id, created_at: this.#timestamp(), status: 'pending' }
      this.#deps.journal.record(tx, [{ type: 'friend_request.made', key: id, fields }])
      return friendRequestView(findFriendRequest(tx, id) as FriendRequestRow)
    })
  }

  /** @returns a page of the pending requests that an account has received, sent, or both; oldest first */
  listRequests(
    userId: string,
    { direction, limit = 50, cursor }: { direction?: Direction; limit?: number; cursor?: string },
  ): Page<FriendRequestView> {
    const list = `requests ${direction ?? 'all'}`
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, list, ['string'])
    const rows = listRequests(this.#deps.db, direction, {
      user_id: userId,
      after: String(after),
      limit: limit + 1,
    })
    return pageOf(rows, limit, friendRequestView, (row) => [list, row.id])
  }

  /** @throws DomainError request-not-found, not-pending */
  async accept(userId: string, requestId: string): Promise<FriendView> {
    return this.#deps.db.write((tx) => {
      const request = this.#requirePending(tx, requestId, (row) => row.to_id === userId)
      this.#settle(tx, request, 'accepted')
      const { since } = findFriendship(tx, userId, request.from_id) as { since: string }
      return { id: request.from_id, username: request.from_username, since }
    })
  }

  /** @throws DomainError request-not-found, not-pending */
  async reject(userId: string, requestId: string): Promise<void> {
    await this.#deps.db.write((tx) => {
      const request = this.#requirePending(tx, requestId, (row) => row.to_id === userId)
      this.#settle(tx, request, 'rejected')
    })
  }

  /** @throws DomainError request-not-found, not-pending */
  async cancel(userId: string, requestId: string): Promise<void> {
    await this.#deps.db.write((tx) => {
      const request = this.#requirePending(tx, requestId, (row) => row.from_id === userId)
      this.#settle(tx, request, 'cancelled')
    })
  }

  list(userId: string, limit: number, cursor?: string): Page<FriendView> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'friends', ['string'])
    const rows = listFriends(this.#deps.db, { user_id: userId, after: String(after), limit: limit + 1 })
    return pageOf(
      rows,
      limit,
      ({ id, username, since }) => ({ id, username, since }),
      (row) => ['friends', row.id],
    )
  }

  /** @throws DomainError friend-not-found */
  async remove(userId: string, username: string): Promise<void> {
    await this.#deps.db.write((tx) => {
      const friend = this.#requireFriend(tx, userId, username)
      this.#deps.journal.record(tx, [this.#draftFriendship(userId, friend.id, false)])
    })
  }

  /** @throws DomainError friend-not-found */
  findFriendId(userId: string, username: string): string {
    return this.#requireFriend(this.#deps.db, userId, username).id
  }

  #requireFriend(reader: Reader, userId: string, username: string): UserRow {
    const other = findActiveUserByUsername(reader, foldLogin(username))
    if (other === undefined || findFriendship(reader, userId, other.id) === undefined) {
      throw new DomainError('friend-not-found', 'You have no friend with this name.')
    }
    return other
  }

  #requirePending(tx: Tx, id: string, mayDecide: (row: FriendRequestRow) => boolean): FriendRequestRow {
    const request = findFriendRequest(tx, id)
    if (request === undefined || !mayDecide(request)) {
      throw new DomainError(
        'request-not-found',
        'There is no friend request with this id that you may decide.',
      )
    }
    if (request.status !== 'pending')
      throw new DomainError('not-pending', `This friend request has already been ${request.status}.`)
    if (request.is_open === 0)
      throw new DomainError('not-pending', 'This friend request was settled on another server.')
    return request
  }

  /** Settles a request, and with the pair's friendship every other request between the two users. */
  #settle(tx: Tx, { id, from_id, to_id }: FriendRequestRow, status: RequestStatus): void {
    this.#deps.journal.record(tx, [
      { type: 'friend_request.answered', key: id, fields: { status } },
      this.#draftFriendship(from_id, to_id, status === 'accepted'),
    ])
  }

  #draftFriendship(a: string, b: string, active: boolean): Draft {
    const [user_a, user_b] = a < b ? [a, b] : [b, a]
    const fields = { user_a, user_b, active, since: this.#timestamp() }
    return { type: 'friendship.set', key: pairKey(a, b), fields }
  }

  #timestamp(): string {
    return new Date(this.#deps.now()).toISOString()
  }
}
