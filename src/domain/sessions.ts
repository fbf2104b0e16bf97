import type { Database, Reader } from '../db/engine/database.js'
import {
  findSessionById,
  findSessionBySecret,
  listSessions,
  type SessionRow,
  touchSession,
} from '../db/regional/sessions.js'
import type { UserRow } from '../db/regional/users.js'
import { DAY_MS } from '../lib/durations.js'
import type { Draft } from '../model/change.js'
import type { Caller, SessionCaller } from './caller.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, type Page, pageOf } from './paging.js'
import { newSecret, secretHash } from './secrets.js'
import { MAX_STEP_BACK_MS } from './system-clock.js'
import { type SessionView, sessionView } from './views.js'

/** Without "remember me"; the browser deletes the cookie when it is closed. */
const BROWSER_SESSION_MS = 12 * 3600 * 1000
/** With "remember me". */
const REMEMBERED_SESSION_MS = 7 * DAY_MS
/** Precision of `last_used_at`: updating it at every request would cost a commit each. */
const LAST_USED_PRECISION_MS = 60 * 1000

export interface OpenedSession {
  id: string
  secret: string
  expires_at: string
  /** From login to expiry. */
  lifetime_seconds: number
}

export interface SessionsDeps {
  db: Database
  journal: Journal
  now: () => number
}

/**
 * Sessions are bound to the password that they were opened with. Once another password holds, a session is invalid on
 * every server, even if it was opened on one that did not know that password yet.
 */
export class Sessions {
  readonly #deps: SessionsDeps

  constructor(deps: SessionsDeps) {
    this.#deps = deps
  }

  /** Drafts a new session; the unit of work that checked the password records it. */
  draftSession(
    user: UserRow,
    userAgent: string,
    remember: boolean,
  ): { session: OpenedSession; draft: Draft } {
    const now = this.#deps.now()
    const secret = newSecret(this.#deps.journal.random)
    const lifetimeMs = remember ? REMEMBERED_SESSION_MS : BROWSER_SESSION_MS
    const expires_at = new Date(now + lifetimeMs).toISOString()
    const id = this.#deps.journal.random.id()
    const fields = {
      user_id: user.id,
      secret_sha256: secretHash(secret),
      created_at: new Date(now).toISOString(),
      expires_at,
      user_agent: userAgent.slice(0, 256),
      password_id: user.password_id,
    }
    return {
      session: { id, secret, expires_at, lifetime_seconds: lifetimeMs / 1000 },
      draft: { type: 'session.opened', key: id, fields },
    }
  }

  /** Finds the live session with this secret. */
  authenticate(secret: string): SessionCaller | undefined {
    const row = findSessionBySecret(this.#deps.db, secretHash(secret))
    if (row === undefined || !this.#isLive(row)) return undefined
    this.#recordUse(row)
    return { kind: 'session', user_id: row.user_id, session_id: row.id, session_created_at: row.created_at }
  }

  /** Whether a session still exists and is neither expired, revoked nor ended by a new password. */
  isLive(id: string): boolean {
    const row = findSessionById(this.#deps.db, id)
    return row !== undefined && this.#isLive(row)
  }

  list(caller: Caller & { user_id: string }, limit: number, cursor?: string): Page<SessionView> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'sessions', ['string'])
    const current = caller.kind === 'session' ? caller.session_id : undefined
    const rows = this.#selectLive(this.#deps.db, caller.user_id, String(after), limit + 1)
    return pageOf(
      rows,
      limit,
      (row) => sessionView(row, current),
      (row) => ['sessions', row.id],
    )
  }

  /** @throws DomainError session-not-found */
  async revoke(userId: string, id: string): Promise<void> {
    await this.#deps.db.write((tx) => {
      const row = findSessionById(tx, id)
      if (row === undefined || row.user_id !== userId || !this.#isLive(row)) {
        throw new DomainError('session-not-found', 'You have no session with this id.')
      }
      this.#deps.journal.record(tx, [{ type: 'session.revoked', key: id, fields: { revoked: true } }])
    })
  }

  #selectLive(reader: Reader, user_id: string, after: string, limit: number): SessionRow[] {
    const now = this.#deps.now()
    const [from, latest] = [now, now + MAX_STEP_BACK_MS].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ]
    return listSessions(reader, { user_id, now: from, latest, after, limit })
  }

  /** A session from the future was opened by a clock that was ahead, and would live too long. */
  #isLive({ created_at, expires_at }: SessionRow): boolean {
    const now = this.#deps.now()
    return Date.parse(expires_at) > now && Date.parse(created_at) <= now + MAX_STEP_BACK_MS
  }

  #recordUse(row: SessionRow): void {
    const now = this.#deps.now()
    if (row.last_used_at !== null && now - Date.parse(row.last_used_at) < LAST_USED_PRECISION_MS) return
    // Best effort: not awaited, and a database error will surface in a request that needs the write.
    this.#deps.db.write((tx) => touchSession(tx, row.id, new Date(now).toISOString())).catch(() => undefined)
  }
}
