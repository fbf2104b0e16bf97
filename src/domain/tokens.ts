import type { Database } from '../db/engine/database.js'
import { foldLogin } from '../db/regional/fold.js'
import {
  findTokenById,
  findTokenBySecret,
  listTokens,
  type TokenRow,
  touchToken,
} from '../db/regional/tokens.js'
import { findUserByUsername } from '../db/regional/users.js'
import { DAY_MS } from '../lib/durations.js'
import { faultOfText } from '../model/names.js'
import type { TokenCaller, TokenScope } from './caller.js'
import { checked } from './checked.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, type Page, pageOf } from './paging.js'
import { newSecret, secretHash } from './secrets.js'
import { type TokenView, tokenView } from './views.js'

const MAX_TOKENS = 100
/** Precision of `last_used_at`. */
const TOUCH_MS = 60 * 1000

export interface TokensDeps {
  db: Database
  journal: Journal
  now: () => number
}

/** Long-lived secrets for programs. A change of password does not end them; revocation and expiry do. */
export class Tokens {
  readonly #db: Database
  readonly #journal: Journal
  readonly #now: () => number

  constructor({ db, journal, now }: TokensDeps) {
    this.#db = db
    this.#journal = journal
    this.#now = now
  }

  /**
   * @returns the token with its secret, which cannot be shown again
   * @throws DomainError too-many-tokens
   */
  async create(
    userId: string,
    input: { name: string; scope?: TokenScope; expires_in_days?: number },
  ): Promise<TokenView & { token: string }> {
    const token = newSecret(this.#journal.random)
    const now = this.#now()
    const fields = {
      user_id: userId,
      name: checked(input.name, faultOfText, 'name'),
      scope: input.scope ?? 'read',
      secret_sha256: secretHash(token),
      created_at: new Date(now).toISOString(),
      expires_at:
        input.expires_in_days === undefined
          ? null
          : new Date(now + input.expires_in_days * DAY_MS).toISOString(),
    }
    const id = this.#journal.random.id()
    await this.#db.write((tx) => {
      if (this.#page(tx, userId, '', MAX_TOKENS).length >= MAX_TOKENS) {
        throw new DomainError(
          'too-many-tokens',
          `An account may have ${MAX_TOKENS} tokens. Revoke one first.`,
        )
      }
      this.#journal.record(tx, [{ type: 'token.created', key: id, fields }])
    })
    const { name, scope, created_at, expires_at } = fields
    return { id, name, scope, created_at, expires_at, last_used_at: null, token }
  }

  /** @returns the caller whose token has this secret; a given username has to be the owner's */
  authenticate(secret: string, username?: string): TokenCaller | undefined {
    const row = findTokenBySecret(this.#db, secretHash(secret))
    if (row === undefined || !this.#isLive(row)) return undefined
    if (username !== undefined && findUserByUsername(this.#db, foldLogin(username))?.id !== row.user_id)
      return undefined
    this.#touch(row)
    return { kind: 'token', user_id: row.user_id, token_id: row.id, scope: row.scope }
  }

  /** Whether a token is still valid. */
  isLive(id: string): boolean {
    const row = findTokenById(this.#db, id)
    return row !== undefined && this.#isLive(row)
  }

  list(userId: string, limit: number, cursor?: string): Page<TokenView> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'tokens', ['string'])
    const rows = this.#page(this.#db, userId, String(after), limit + 1)
    return pageOf(rows, limit, tokenView, (row) => ['tokens', row.id])
  }

  /** @throws DomainError token-not-found */
  async revoke(userId: string, id: string): Promise<void> {
    await this.#db.write((tx) => {
      if (findTokenById(tx, id)?.user_id !== userId)
        throw new DomainError('token-not-found', 'You have no such token.')
      this.#journal.record(tx, [{ type: 'token.revoked', key: id, fields: { revoked: true } }])
    })
  }

  #page(reader: Parameters<typeof listTokens>[0], user_id: string, after: string, limit: number): TokenRow[] {
    return listTokens(reader, { user_id, now: new Date(this.#now()).toISOString(), after, limit })
  }

  #isLive(row: TokenRow): boolean {
    return row.expires_at === null || Date.parse(row.expires_at) > this.#now()
  }

  #touch(row: TokenRow): void {
    const now = this.#now()
    if (row.last_used_at !== null && now - Date.parse(row.last_used_at) < TOUCH_MS) return
    this.#db.write((tx) => touchToken(tx, row.id, new Date(now).toISOString())).catch(() => undefined)
  }
}
