import type { Selectable } from 'kysely'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { SessionsTable } from '../tables.js'
import { query } from '../tables.js'

const COLUMNS = [
  ...(['id', 'user_id', 'created_at', 'expires_at', 'last_used_at'] as const),
  ...(['user_agent', 'password_stamp'] as const),
] as const

export type SessionRow = Pick<Selectable<SessionsTable>, (typeof COLUMNS)[number]>

/** A session with its account's stamps: it is valid only under the stamp of the account's current password. */
export type SessionOfUser = SessionRow & { user_stamps: string; user_created_stamp: string }

const liveSessions = query
  .selectFrom('sessions')
  .innerJoin('users', 'users.id', 'sessions.user_id')
  .select(COLUMNS.map((name) => `sessions.${name}` as const))
  .select(['users.stamps as user_stamps', 'users.created_stamp as user_created_stamp'])
  .where('sessions.revoked', '=', 0)
  .where('users.deleted', '=', 0)
  .where('users.disabled', '=', 0)

const selectBySecret = prepare<{ secret: string }>()((slot) =>
  liveSessions.where('secret_sha256', '=', slot('secret')),
)
const selectById = prepare<{ id: string }>()((slot) => liveSessions.where('sessions.id', '=', slot('id')))
const selectPage = prepare<{ user_id: string; now: string; after: string; limit: number }>()((slot) =>
  liveSessions
    .where('sessions.user_id', '=', slot('user_id'))
    .where('sessions.expires_at', '>', slot('now'))
    .where('sessions.id', '>', slot('after'))
    .orderBy('sessions.id')
    .limit(slot('limit')),
)
const updateLastUsed = prepare<{ id: string; now: string }>()((slot) =>
  query
    .updateTable('sessions')
    .set({ last_used_at: slot('now') })
    .where('id', '=', slot('id')),
)
const deleteExpired = prepare<{ before: string; limit: number }>()((slot) =>
  query
    .deleteFrom('sessions')
    .where('id', 'in', (inner) =>
      inner
        .selectFrom('sessions')
        .select('id')
        .where('expires_at', '<', slot('before'))
        .orderBy('expires_at')
        .limit(slot('limit')),
    ),
)

export function findSessionBySecret(reader: Reader, secret: string): SessionOfUser | undefined {
  return reader.get(selectBySecret, { secret })
}

export function findSessionById(reader: Reader, id: string): SessionOfUser | undefined {
  return reader.get(selectById, { id })
}

/** Unexpired sessions in order of id (that is, of age), after the id `after` ('' for the first page). */
export function listSessions(
  reader: Reader,
  params: { user_id: string; now: string; after: string; limit: number },
): SessionOfUser[] {
  return reader.all(selectPage, params)
}

export function touchSession(tx: Tx, id: string, now: string): void {
  tx.run(updateLastUsed, { id, now })
}

/** Deletes at most `limit` sessions that expired before a time; returns the count. */
export function deleteExpiredSessions(tx: Tx, before: string, limit: number): number {
  return tx.run(deleteExpired, { before, limit })
}
