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

/** A session with what decides about its life: the stamp of its account's present password. */
export type SessionOfUser = SessionRow & { user_stamps: string; user_created_stamp: string }

const ofUser = query
  .selectFrom('sessions')
  .innerJoin('users', 'users.id', 'sessions.user_id')
  .select(COLUMNS.map((name) => `sessions.${name}` as const))
  .select(['users.stamps as user_stamps', 'users.created_stamp as user_created_stamp'])
  .where('sessions.revoked', '=', 0)
  .where('users.deleted', '=', 0)
  .where('users.disabled', '=', 0)

const bySecret = prepare<{ secret: string }>()((slot) => ofUser.where('secret_sha256', '=', slot('secret')))
const byId = prepare<{ id: string }>()((slot) => ofUser.where('sessions.id', '=', slot('id')))
const byUser = prepare<{ user_id: string; now: string; after: string; limit: number }>()((slot) =>
  ofUser
    .where('sessions.user_id', '=', slot('user_id'))
    .where('sessions.expires_at', '>', slot('now'))
    .where('sessions.id', '>', slot('after'))
    .orderBy('sessions.id')
    .limit(slot('limit')),
)
const touch = prepare<{ id: string; now: string }>()((slot) =>
  query
    .updateTable('sessions')
    .set({ last_used_at: slot('now') })
    .where('id', '=', slot('id')),
)
const purge = prepare<{ before: string; limit: number }>()((slot) =>
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

export function sessionBySecret(reader: Reader, secret: string): SessionOfUser | undefined {
  return reader.get(bySecret, { secret })
}

export function sessionById(reader: Reader, id: string): SessionOfUser | undefined {
  return reader.get(byId, { id })
}

/** Unexpired sessions in order of id (that is, of age), after the id `after` ('' for the first). */
export function sessionsOfUser(
  reader: Reader,
  params: { user_id: string; now: string; after: string; limit: number },
): SessionOfUser[] {
  return reader.all(byUser, params)
}

export function touchSession(tx: Tx, id: string, now: string): void {
  tx.run(touch, { id, now })
}

/** Removes at most `limit` sessions that expired before a time; returns how many. */
export function purgeSessions(tx: Tx, before: string, limit: number): number {
  return tx.run(purge, { before, limit })
}
