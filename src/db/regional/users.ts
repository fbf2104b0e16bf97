import type { Selectable } from 'kysely'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { UsersTable } from '../tables.js'
import { query } from '../tables.js'
import { deleteSubscriber } from './subscribers.js'

export type UserRow = Selectable<UsersTable>

const PROFILE_COLUMNS = [
  ...(['id', 'username', 'username_shown', 'email', 'email_shown'] as const),
  ...(['created_at', 'used_storage', 'storage_quota'] as const),
] as const

export type Profile = Pick<UserRow, (typeof PROFILE_COLUMNS)[number]>

const liveUsers = query.selectFrom('users').where('deleted', '=', 0)
const activeUsers = liveUsers.where('active', '=', 1)

const selectById = prepare<{ id: string }>()((slot) => liveUsers.selectAll().where('id', '=', slot('id')))
const selectActiveById = prepare<{ id: string }>()((slot) =>
  activeUsers.selectAll().where('id', '=', slot('id')),
)
const selectProfile = prepare<{ id: string }>()((slot) =>
  liveUsers.select(PROFILE_COLUMNS).where('id', '=', slot('id')),
)
const selectStorageUse = prepare<{ id: string }>()((slot) =>
  activeUsers.select(['used_storage', 'storage_quota']).where('id', '=', slot('id')),
)
const selectByUsername = prepare<{ login: string }>()((slot) =>
  liveUsers.selectAll().where('username_login', '=', slot('login')),
)
const selectActiveByUsername = prepare<{ login: string }>()((slot) =>
  activeUsers.selectAll().where('username_login', '=', slot('login')),
)
const selectByEmail = prepare<{ login: string }>()((slot) =>
  liveUsers.selectAll().where('email_login', '=', slot('login')),
)
const selectUsernameHolder = prepare<{ folded: string }>()((slot) =>
  liveUsers.select('id').where('username_folded', '=', slot('folded')).limit(1),
)
const selectEmailHolder = prepare<{ folded: string }>()((slot) =>
  liveUsers.select('id').where('email_folded', '=', slot('folded')).limit(1),
)
const updateRehash = prepare<{ id: string; rehash: string; password_id: string }>()((slot) =>
  query
    .updateTable('users')
    .set({ rehash: slot('rehash'), rehash_of: slot('password_id') })
    .where('id', '=', slot('id')),
)

const clearRehash = prepare<{ id: string }>()((slot) =>
  query.updateTable('users').set({ rehash: null, rehash_of: null }).where('id', '=', slot('id')),
)

/** The used storage and the quota of an active account, in bytes. */
export function findStorageUse(
  reader: Reader,
  id: string,
): Pick<UserRow, 'used_storage' | 'storage_quota'> | undefined {
  return reader.get(selectStorageUse, { id })
}

/** The profile of a live account. */
export function findProfile(reader: Reader, id: string): Profile | undefined {
  return reader.get(selectProfile, { id })
}

/** A live account, active or not. */
export function findUserById(reader: Reader, id: string): UserRow | undefined {
  return reader.get(selectById, { id })
}

/** An active account: neither deleted, disabled nor closed. */
export function findActiveUserById(reader: Reader, id: string): UserRow | undefined {
  return reader.get(selectActiveById, { id })
}

/** A live account, active or not. @param login the folded form of the shown username (see names.ts) */
export function findUserByUsername(reader: Reader, login: string): UserRow | undefined {
  return reader.get(selectByUsername, { login })
}

/** An active account. @param login the folded form of the shown username */
export function findActiveUserByUsername(reader: Reader, login: string): UserRow | undefined {
  return reader.get(selectActiveByUsername, { login })
}

/** A live account, active or not. @param login the folded form of the shown email; an account may lack one */
export function findUserByEmail(reader: Reader, login: string): UserRow | undefined {
  return login === '' ? undefined : reader.get(selectByEmail, { login })
}

/** The id of a live account that registered the folded username. */
export function findUsernameHolder(reader: Reader, folded: string): string | undefined {
  return reader.get(selectUsernameHolder, { folded })?.id
}

/** The id of a live account that registered the folded email. */
export function findEmailHolder(reader: Reader, folded: string): string | undefined {
  return reader.get(selectEmailHolder, { folded })?.id
}

/** Stores a hash of the same password under newer parameters. Local only: replicated, it could undo a password change. */
export function storeRehash(tx: Tx, id: string, rehash: string, password_id: string): void {
  tx.run(updateRehash, { id, rehash, password_id })
}

/** Deletes the local state of an account. */
export function clearLocalState(tx: Tx, id: string): void {
  tx.run(clearRehash, { id })
  deleteSubscriber(tx, id)
}
