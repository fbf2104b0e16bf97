/** Accounts as the operator's commands show them, without secrets. */
import type { Reader } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'
import type { Profile, UserRow } from './users.js'

/** A live account, active or not. */
export type AccountSummary = Profile & Pick<UserRow, 'disabled' | 'closed_at' | 'username_login'>

export interface AccountUsage {
  files: number
  /** Live sessions and tokens. Those of an inactive account count: enabling or reopening it makes them valid again. */
  sessions: number
  tokens: number
  /** When a session or token was last used on this server; null for never. */
  last_used_at: string | null
}

const selectSummariesAfter = prepare<{ after: string; limit: number }>()((slot) =>
  query
    .selectFrom('users')
    .select(['id', 'username', 'username_shown', 'username_login', 'email', 'email_shown'])
    .select(['created_at', 'used_storage', 'storage_quota', 'disabled', 'closed_at'])
    .where('deleted', '=', 0)
    .where('username_login', '>', slot('after'))
    .orderBy('username_login')
    .limit(slot('limit')),
)
const countFiles = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('files')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('owner_id', '=', slot('id'))
    .where('deleted', '=', 0),
)
const selectSessionUse = prepare<{ id: string; password_id: string; now: string }>()((slot) =>
  query
    .selectFrom('sessions')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('last_used_at').as('last_used_at')])
    .where('user_id', '=', slot('id'))
    .where('revoked', '=', 0)
    .where('password_id', '=', slot('password_id'))
    .where('expires_at', '>', slot('now')),
)
const selectTokenUse = prepare<{ id: string; now: string }>()((slot) =>
  query
    .selectFrom('tokens')
    .innerJoin('passwords', (join) =>
      join
        .onRef('passwords.id', '=', 'tokens.password_id')
        .onRef('passwords.held_until', '>', 'tokens.created_stamp'),
    )
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('last_used_at').as('last_used_at')])
    .where('tokens.user_id', '=', slot('id'))
    .where('revoked', '=', 0)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', slot('now'))])),
)

/** Live accounts in order of `username_login`, after the name `after` ('' for the first page). */
export function listAccounts(reader: Reader, after: string, limit: number): AccountSummary[] {
  return reader.all(selectSummariesAfter, { after, limit })
}

/** Counts a live account's files, and its sessions and tokens that are valid at `now`. */
export function readUsage(reader: Reader, user: UserRow, now: string): AccountUsage {
  const { id } = user
  const sessions = reader.get(selectSessionUse, { id, password_id: user.password_id, now })
  const tokens = reader.get(selectTokenUse, { id, now })
  const used = [sessions?.last_used_at, tokens?.last_used_at].filter((time) => typeof time === 'string')
  return {
    files: reader.get(countFiles, { id })?.count ?? 0,
    sessions: sessions?.count ?? 0,
    tokens: tokens?.count ?? 0,
    last_used_at: used.toSorted().at(-1) ?? null,
  }
}
