import type { Database, Reader } from '../db/engine/database.js'
import {
  findSessionById,
  findSessionBySecret,
  listSessions,
  type SessionOfUser,
  touchSession,
} from '../db/regional/sessions.js'
import { passwordStamp, type UserRow } from '../db/regional/users.js'
import { DAY_MS } from '../lib/durations.js'
import type { Draft } from '../model/change.js'
import type { Caller, SessionCaller } from './caller.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, type Page, pageOf } from './paging.js'
import { newSecret, secretHash } from './secrets.js'
import { type SessionView, sessionView } from './views.js'

/** Lifetime of a session whose cookie ends with the browser. */
const SHORT_MS = 12 * 3600 * 1000
/** Lifetime with "remember me". */
const LONG_MS = 7 * DAY_MS
/** Precision of `last_used_at`, so that requests do not cost a commit each. */
const TOUCH_MS = 60 * 1000

export interface OpenedSession {
  id: string
  secret: string
  expires_at: string
  /** From opening to expiry. */
  lifetime_seconds: number
}

export interface SessionsDeps {
  db: Database
  journal: Journal
  now: () => number
}

/**
 * A session is valid only while its password stamp equals that of the account's password. A change of password so ends it
 * on every server, even if it was opened on a server that did not know of the change yet.
 */
export class Sessions {
  readonly #db: Database
  readonly #journal: Journal
  readonly #now: () => number

  constructor({ db, journal, now }: SessionsDeps) {
    this.#db = db
    this.#journal = journal
    this.#now = now
  }

  /** Drafts a new session, for the unit of work that checked the password. */
  open(user: UserRow, userAgent: string, remember: boolean): { session: OpenedSession; draft: Draft } {
    const now = this.#now()
    const secret = newSecret(this.#journal.random)
    const lifetimeMs = remember ? LONG_MS : SHORT_MS
    const expires_at = new Date(now + lifetimeMs).toISOString()
    const id = this.#journal.random.id()
    const fields = {
      user_id: user.id,
      secret_sha256: secretHash(secret),
      created_at: new Date(now).toISOString(),
      expires_at,
      user_agent: userAgent.slice(0, 256),
      password_stamp: passwordStamp(user),
    }
    return {
      session: { id, secret, expires_at, lifetime_seconds: lifetimeMs / 1000 },
      draft: { type: 'session.opened', key: id, fields },
    }
  }

  /** @returns the caller whose session has this secret */
  authenticate(secret: string): SessionCaller | undefined {
    const row = findSessionBySecret(this.#db, secretHash(secret))
    if (row === undefined || !this.#isLive(row)) return undefined
    this.#touch(row)
    return { kind: 'session', user_id: row.user_id, session_id: row.id, session_created_at: row.created_at }
  }

  /** Whether a session is still valid. */
  isLive(id: string): boolean {
    const row = findSessionById(this.#db, id)
    return row !== undefined && this.#isLive(row)
  }

  list(caller: Caller & { user_id: string }, limit: number, cursor?: string): Page<SessionView> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'sessions', ['string'])
    const current = caller.kind === 'session' ? caller.session_id : undefined
    const rows = this.#liveOf(this.#db, caller.user_id, String(after), limit + 1)
    return pageOf(
      rows,
      limit,
      (row) => sessionView(row, current),
      (row) => ['sessions', row.id],
    )
  }

  /** @throws DomainError session-not-found */
  async revoke(userId: string, id: string): Promise<void> {
    await this.#db.write((tx) => {
      const row = findSessionById(tx, id)
      if (row === undefined || row.user_id !== userId || !this.#isLive(row)) {
        throw new DomainError('session-not-found', 'You have no such session.')
      }
      this.#journal.record(tx, [{ type: 'session.revoked', key: id, fields: { revoked: true } }])
    })
  }

  /** A page of live sessions. Sessions of an older password are skipped. */
  #liveOf(reader: Reader, user_id: string, after: string, limit: number): SessionOfUser[] {
    const now = new Date(this.#now()).toISOString()
    const live: SessionOfUser[] = []
    for (let from = after; live.length < limit; ) {
      const rows = listSessions(reader, { user_id, now, after: from, limit })
      live.push(...rows.filter((row) => this.#isLive(row)))
      if (rows.length < limit) break
      from = (rows.at(-1) as SessionOfUser).id
    }
    return live.slice(0, limit)
  }

  #isLive(row: SessionOfUser): boolean {
    const user = { stamps: row.user_stamps, created_stamp: row.user_created_stamp }
    return row.password_stamp === passwordStamp(user) && Date.parse(row.expires_at) > this.#now()
  }

  #touch(row: SessionOfUser): void {
    const now = this.#now()
    if (row.last_used_at !== null && now - Date.parse(row.last_used_at) < TOUCH_MS) return
    // Best effort, so neither awaited nor reported.
    this.#db.write((tx) => touchSession(tx, row.id, new Date(now).toISOString())).catch(() => undefined)
  }
}
