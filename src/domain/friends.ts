import type { Database, Tx } from '../db/engine/database.js'
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
import { findActiveUserById, findActiveUserByUsername, type UserRow } from '../db/regional/users.js'
import type { RequestStatus } from '../db/tables.js'
import type { Draft } from '../model/change.js'
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
 * Friend requests and friendships. Accepting or declining a request also writes the pair's friendship under the same stamp,
 * so that of a concurrent accept and cancel the later one decides both rows.
 */
export class Friends {
  readonly #db: Database
  readonly #journal: Journal
  readonly #now: () => number

  constructor({ db, journal, now }: FriendsDeps) {
    this.#db = db
    this.#journal = journal
    this.#now = now
  }

  /**
   * Sends a friend request, or accepts the other's pending one.
   * @throws DomainError user-not-found, self-request, already-friends, request-pending, and unauthenticated when the
   * caller's account has just been deleted or disabled
   */
  async request(userId: string, username: string): Promise<FriendRequestView> {
    return this.#db.write((tx) => {
      if (findActiveUserById(tx, userId) === undefined) {
        throw new DomainError('unauthenticated', 'The account no longer exists or is disabled.')
      }
      const other = findActiveUserByUsername(tx, foldLogin(username))
      if (other === undefined) throw new DomainError('user-not-found', 'No account has this name.')
      if (other.id === userId) throw new DomainError('self-request', 'You cannot befriend yourself.')
      if (findFriendship(tx, userId, other.id) !== undefined) {
        throw new DomainError('already-friends', 'You are already friends.')
      }
      const [theirs] = listRequestsBetween(tx, other.id, userId)
      if (theirs !== undefined) {
        this.#accept(tx, theirs)
        return friendRequestView(findFriendRequest(tx, theirs.id) as FriendRequestRow)
      }
      if (listRequestsBetween(tx, userId, other.id).length > 0) {
        throw new DomainError('request-pending', 'You have already sent a request to this account.')
      }
      const id = this.#journal.random.id()
      const fields = { from_id: userId, to_id: other.id, created_at: this.#time(), status: 'pending' }
      this.#journal.record(tx, [{ type: 'friend_request.made', key: id, fields }])
      return friendRequestView(findFriendRequest(tx, id) as FriendRequestRow)
    })
  }

  /** Pending requests that an account has received, sent, or both, oldest first. */
  requests(
    userId: string,
    { direction, limit = 50, cursor }: { direction?: Direction; limit?: number; cursor?: string },
  ): Page<FriendRequestView> {
    const list = `requests ${direction ?? 'all'}`
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, list, ['string'])
    const rows = listRequests(this.#db, direction, { user_id: userId, after: `${after}`, limit: limit + 1 })
    return pageOf(rows, limit, friendRequestView, (row) => [list, row.id])
  }

  /** @throws DomainError request-not-found, not-pending */
  async accept(userId: string, requestId: string): Promise<FriendView> {
    return this.#db.write((tx) => {
      const request = this.#pending(tx, requestId, (row) => row.to_id === userId)
      this.#accept(tx, request)
      const { since } = findFriendship(tx, userId, request.from_id) as { since: string }
      return { id: request.from_id, username: request.from_username, since }
    })
  }

  /** @throws DomainError request-not-found, not-pending */
  async reject(userId: string, requestId: string): Promise<void> {
    await this.#db.write((tx) => {
      const request = this.#pending(tx, requestId, (row) => row.to_id === userId)
      this.#journal.record(tx, this.#decline(tx, request, 'rejected'))
    })
  }

  /** @throws DomainError request-not-found, not-pending */
  async cancel(userId: string, requestId: string): Promise<void> {
    await this.#db.write((tx) => {
      const request = this.#pending(tx, requestId, (row) => row.from_id === userId)
      this.#journal.record(tx, this.#decline(tx, request, 'cancelled'))
    })
  }

  list(userId: string, limit: number, cursor?: string): Page<FriendView> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'friends', ['string'])
    const rows = listFriends(this.#db, { user_id: userId, after: String(after), limit: limit + 1 })
    return pageOf(
      rows,
      limit,
      ({ id, username, since }) => ({ id, username, since }),
      (row) => ['friends', row.id],
    )
  }

  /** @throws DomainError friend-not-found */
  async remove(userId: string, username: string): Promise<void> {
    await this.#db.write((tx) => {
      const friend = this.#friend(tx, userId, username)
      this.#journal.record(tx, [this.#pair(userId, friend.id, false)])
    })
  }

  /** The id of a friend by name. @throws DomainError friend-not-found */
  find(userId: string, username: string): string {
    return this.#friend(this.#db, userId, username).id
  }

  #friend(reader: Parameters<typeof findActiveUserByUsername>[0], userId: string, username: string): UserRow {
    const other = findActiveUserByUsername(reader, foldLogin(username))
    if (other === undefined || findFriendship(reader, userId, other.id) === undefined) {
      throw new DomainError('friend-not-found', 'You have no friend of this name.')
    }
    return other
  }

  #pending(tx: Tx, id: string, mayDecide: (row: FriendRequestRow) => boolean): FriendRequestRow {
    const request = findFriendRequest(tx, id)
    if (request === undefined || !mayDecide(request)) {
      throw new DomainError('request-not-found', 'You have no such friend request.')
    }
    if (request.status !== 'pending')
      throw new DomainError('not-pending', `This request has already been ${request.status}.`)
    return request
  }

  /** Accepts a request and every other pending one between the two accounts. */
  #accept(tx: Tx, { from_id, to_id }: FriendRequestRow): void {
    const all = [...listRequestsBetween(tx, from_id, to_id), ...listRequestsBetween(tx, to_id, from_id)]
    const responses = all.map(
      ({ id }): Draft => ({ type: 'friend_request.answered', key: id, fields: { status: 'accepted' } }),
    )
    this.#journal.record(tx, [...responses, this.#pair(from_id, to_id, true)])
  }

  /**
   * Declines a request. Partitioned servers may each have accepted a request between the two; the friendship by the other
   * request then stays.
   */
  #decline(tx: Tx, request: FriendRequestRow, status: RequestStatus): Draft[] {
    const { id, from_id, to_id } = request
    const declined: Draft = { type: 'friend_request.answered', key: id, fields: { status } }
    const areFriends = findFriendship(tx, from_id, to_id) !== undefined
    return areFriends ? [declined] : [declined, this.#pair(from_id, to_id, false)]
  }

  #pair(a: string, b: string, active: boolean): Draft {
    const [user_a, user_b] = a < b ? [a, b] : [b, a]
    const fields = { user_a, user_b, active, since: this.#time() }
    return { type: 'friendship.set', key: pairKey(a, b), fields }
  }

  #time(): string {
    return new Date(this.#now()).toISOString()
  }
}
