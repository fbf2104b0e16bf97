import type { Selectable } from 'kysely'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { SessionsTable } from '../tables.js'
import { query } from '../tables.js'

const COLUMNS = [
  ...(['id', 'user_id', 'created_at', 'expires_at', 'last_used_at'] as const),
  ...(['user_agent', 'password_id'] as const),
] as const

export type SessionRow = Pick<Selectable<SessionsTable>, (typeof COLUMNS)[number]>

/** `latest`: the time after which a session cannot have been opened. */
interface SessionPage {
  user_id: string
  now: string
  latest: string
  after: string
  limit: number
}

/** Sessions under the current password of an active account. */
const liveSessions = query
  .selectFrom('sessions')
  .innerJoin('users', (join) =>
    join.onRef('users.id', '=', 'sessions.user_id').onRef('users.password_id', '=', 'sessions.password_id'),
  )
  .select(COLUMNS.map((name) => `sessions.${name}` as const))
  .where('sessions.revoked', '=', 0)
  .where('users.active', '=', 1)

const selectBySecret = prepare<{ secret: string }>()((slot) =>
  liveSessions.where('secret_sha256', '=', slot('secret')),
)
const selectById = prepare<{ id: string }>()((slot) => liveSessions.where('sessions.id', '=', slot('id')))
const selectPage = prepare<SessionPage>()((slot) =>
  liveSessions
    .where('sessions.user_id', '=', slot('user_id'))
    .where('sessions.expires_at', '>', slot('now'))
    .where('sessions.created_at', '<=', slot('latest'))
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

export function findSessionBySecret(reader: Reader, secret: string): SessionRow | undefined {
  return reader.get(selectBySecret, { secret })
}

export function findSessionById(reader: Reader, id: string): SessionRow | undefined {
  return reader.get(selectById, { id })
}

/** Unexpired sessions in order of id (that is, of age), after the id `after` ('' for the first page). */
export function listSessions(reader: Reader, params: SessionPage): SessionRow[] {
  return reader.all(selectPage, params)
}

export function touchSession(tx: Tx, id: string, now: string): void {
  tx.run(updateLastUsed, { id, now })
}

/** Deletes at most `limit` sessions that expired before a time; returns the count. */
export function deleteExpiredSessions(tx: Tx, before: string, limit: number): number {
  return tx.run(deleteExpired, { before, limit })
}
