import type { Selectable } from 'kysely'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { UsersTable } from '../tables.js'
import { query } from '../tables.js'
import { deleteSubscriber } from './subscribers.js'

export type UserRow = Selectable<UsersTable>

const PROFILE = [
  ...(['id', 'username', 'username_shown', 'email', 'email_shown'] as const),
  ...(['created_at', 'used_storage', 'storage_quota'] as const),
] as const

export type Profile = Pick<UserRow, (typeof PROFILE)[number]>

const byId = prepare<{ id: string }>()((slot) =>
  query.selectFrom('users').selectAll().where('id', '=', slot('id')).where('deleted', '=', 0),
)
const activeById = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('users')
    .selectAll()
    .where('id', '=', slot('id'))
    .where('deleted', '=', 0)
    .where('disabled', '=', 0),
)
const profile = prepare<{ id: string }>()((slot) =>
  query.selectFrom('users').select(PROFILE).where('id', '=', slot('id')).where('deleted', '=', 0),
)
const space = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('users')
    .select(['used_storage', 'storage_quota'])
    .where('id', '=', slot('id'))
    .where('deleted', '=', 0)
    .where('disabled', '=', 0),
)
const byUsername = prepare<{ login: string }>()((slot) =>
  query.selectFrom('users').selectAll().where('username_login', '=', slot('login')).where('deleted', '=', 0),
)
const activeByUsername = prepare<{ login: string }>()((slot) =>
  query
    .selectFrom('users')
    .selectAll()
    .where('username_login', '=', slot('login'))
    .where('deleted', '=', 0)
    .where('disabled', '=', 0),
)
const byEmail = prepare<{ login: string }>()((slot) =>
  query.selectFrom('users').selectAll().where('email_login', '=', slot('login')).where('deleted', '=', 0),
)
const byRequestedUsername = prepare<{ folded: string }>()((slot) =>
  query
    .selectFrom('users')
    .select('id')
    .where('username_folded', '=', slot('folded'))
    .where('deleted', '=', 0)
    .limit(1),
)
const byRequestedEmail = prepare<{ folded: string }>()((slot) =>
  query
    .selectFrom('users')
    .select('id')
    .where('email_folded', '=', slot('folded'))
    .where('deleted', '=', 0)
    .limit(1),
)
const setRehash = prepare<{ id: string; rehash: string; stamp: string }>()((slot) =>
  query
    .updateTable('users')
    .set({ rehash: slot('rehash'), rehash_stamp: slot('stamp') })
    .where('id', '=', slot('id')),
)

const clearRehash = prepare<{ id: string }>()((slot) =>
  query.updateTable('users').set({ rehash: null, rehash_stamp: null }).where('id', '=', slot('id')),
)

/** How much an active account has stored, and may store, in bytes. */
export function spaceOf(
  reader: Reader,
  id: string,
): Pick<UserRow, 'used_storage' | 'storage_quota'> | undefined {
  return reader.get(space, { id })
}

/** What a live account shows of itself. */
export function profileOf(reader: Reader, id: string): Profile | undefined {
  return reader.get(profile, { id })
}

/** A live account, disabled or not. */
export function userById(reader: Reader, id: string): UserRow | undefined {
  return reader.get(byId, { id })
}

/** An active account: neither deleted nor disabled. */
export function activeUserById(reader: Reader, id: string): UserRow | undefined {
  return reader.get(activeById, { id })
}

/** A live account, disabled or not. @param login the folded name that the account shows (see names.ts) */
export function userByUsername(reader: Reader, login: string): UserRow | undefined {
  return reader.get(byUsername, { login })
}

/** An active account. @param login the folded name that the account shows */
export function activeUserByUsername(reader: Reader, login: string): UserRow | undefined {
  return reader.get(activeByUsername, { login })
}

/** A live account, disabled or not. @param login the folded email that the account shows */
export function userByEmail(reader: Reader, login: string): UserRow | undefined {
  return reader.get(byEmail, { login })
}

/** The id of a live account that claims the folded username. */
export function usernameHolder(reader: Reader, folded: string): string | undefined {
  return reader.get(byRequestedUsername, { folded })?.id
}

/** The id of a live account that claims the folded email. */
export function emailHolder(reader: Reader, folded: string): string | undefined {
  return reader.get(byRequestedEmail, { folded })?.id
}

/** The stamp of the account's present password. */
export function passwordStamp(user: Pick<UserRow, 'stamps' | 'created_stamp'>): string {
  return (JSON.parse(user.stamps) as Record<string, string>).password_hash ?? user.created_stamp
}

/** Keeps the same password's hash under newer parameters, here only: a replicated one could undo a change of it. */
export function storeRehash(tx: Tx, id: string, rehash: string, stamp: string): void {
  tx.run(setRehash, { id, rehash, stamp })
}

/** Forgets what this server alone keeps of an account. */
export function clearLocalState(tx: Tx, id: string): void {
  tx.run(clearRehash, { id })
  deleteSubscriber(tx, id)
}
