import type { Selectable } from 'kysely'
import type { Reader } from '../engine/database.js'
import { prepare, type SlotFactory } from '../engine/query.js'
import type { FriendRequestsTable, FriendshipsTable } from '../tables.js'
import { query } from '../tables.js'

export type FriendshipRow = Selectable<FriendshipsTable>

/** A request with the shown usernames of both accounts. */
export type FriendRequestRow = Selectable<FriendRequestsTable> & {
  from_username: string
  to_username: string
}

export interface FriendRow {
  id: string
  username: string
  since: string
}

/** The key of a friendship: both account ids in ascending order, whoever made the request. */
export function pairKey(a: string, b: string): string {
  return a < b ? `${a}:${b}` : `${b}:${a}`
}

const selectActiveFriendship = prepare<{ id: string }>()((slot) =>
  query.selectFrom('friendships').selectAll().where('id', '=', slot('id')).where('active', '=', 1),
)

/** Friends in one column of the pair, which has an index for each column; the account itself is in the other one. */
const friendsIn = (column: 'user_a' | 'user_b') =>
  query
    .selectFrom('friendships')
    .innerJoin('users', 'users.id', `friendships.${column}`)
    .select([`friendships.${column} as id`, 'users.username_shown as username', 'friendships.since as since'])
    .where('friendships.active', '=', 1)
    .where('users.active', '=', 1)
const friendsOfUserA = friendsIn('user_b')
const friendsOfUserB = friendsIn('user_a')

// Unordered, which saves merging both sides: every change of a shared file runs it.
const selectFriendIds = prepare<{ user_id: string; limit: number }>()((slot) =>
  friendsOfUserA
    .clearSelect()
    .select('user_b as id')
    .where('user_a', '=', slot('user_id'))
    .unionAll(friendsOfUserB.clearSelect().select('user_a as id').where('user_b', '=', slot('user_id')))
    .limit(slot('limit')),
)

type Page = { user_id: string; after: string; limit: number }
const selectFriendsAfter = prepare<Page>()((slot) =>
  friendsOfUserA
    .where('user_a', '=', slot('user_id'))
    .where('user_b', '>', slot('after'))
    .unionAll(friendsOfUserB.where('user_b', '=', slot('user_id')).where('user_a', '>', slot('after')))
    .orderBy('id')
    .limit(slot('limit')),
)

const requests = query
  .selectFrom('friend_requests')
  .innerJoin('users as asker', 'asker.id', 'friend_requests.from_id')
  .innerJoin('users as asked', 'asked.id', 'friend_requests.to_id')
  .selectAll('friend_requests')
  .select(['asker.username_shown as from_username', 'asked.username_shown as to_username'])
  .where('asker.active', '=', 1)
  .where('asked.active', '=', 1)

const selectRequest = prepare<{ id: string }>()((slot) =>
  requests.where('friend_requests.id', '=', slot('id')),
)
const selectPendingBetween = prepare<{ from_id: string; to_id: string }>()((slot) =>
  requests
    .where('friend_requests.is_open', '=', 1)
    .where('from_id', '=', slot('from_id'))
    .where('to_id', '=', slot('to_id')),
)
const ACCOUNT_COLUMN = { incoming: 'to_id', outgoing: 'from_id' } as const

/** `incoming`: requests that an account received; `outgoing`: those that it made. */
export type Direction = keyof typeof ACCOUNT_COLUMN

const pendingAfter = (direction: Direction) => (slot: SlotFactory<Page>) =>
  requests
    .where('friend_requests.is_open', '=', 1)
    .where(`friend_requests.${ACCOUNT_COLUMN[direction]}`, '=', slot('user_id'))
    .where('friend_requests.id', '>', slot('after'))
const selectPendingAfter = {
  incoming: prepare<Page>()((slot) =>
    pendingAfter('incoming')(slot).orderBy('friend_requests.id').limit(slot('limit')),
  ),
  outgoing: prepare<Page>()((slot) =>
    pendingAfter('outgoing')(slot).orderBy('friend_requests.id').limit(slot('limit')),
  ),
  both: prepare<Page>()((slot) =>
    pendingAfter('incoming')(slot)
      .unionAll(pendingAfter('outgoing')(slot))
      .orderBy('id')
      .limit(slot('limit')),
  ),
}

export function areFriends(reader: Reader, a: string, b: string): boolean {
  return findFriendship(reader, a, b) !== undefined
}

export function findFriendship(reader: Reader, a: string, b: string): FriendshipRow | undefined {
  return reader.get(selectActiveFriendship, { id: pairKey(a, b) })
}

/** The ids of at most `limit` live friends, unordered. */
export function listFriendIds(reader: Reader, user_id: string, limit: number): string[] {
  return reader.all(selectFriendIds, { user_id, limit }).map(({ id }) => id)
}

/** Live friends in order of id, after the id `after` ('' for the first page). */
export function listFriends(reader: Reader, params: Page): FriendRow[] {
  return reader.all(selectFriendsAfter, params)
}

export function findFriendRequest(reader: Reader, id: string): FriendRequestRow | undefined {
  return reader.get(selectRequest, { id })
}

/** Pending requests from one account to another. More than one only after servers accepted them during a partition. */
export function listRequestsBetween(reader: Reader, from_id: string, to_id: string): FriendRequestRow[] {
  return reader.all(selectPendingBetween, { from_id, to_id })
}

/** Pending requests of one direction or both, in order of id (that is, of age), after the id `after` ('' for the first page). */
export function listRequests(
  reader: Reader,
  direction: Direction | undefined,
  params: Page,
): FriendRequestRow[] {
  return reader.all(selectPendingAfter[direction ?? 'both'], params)
}
