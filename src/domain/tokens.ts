import type { Database, Reader } from '../db/engine/database.js'
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
import { requireActiveUser } from './access.js'
import type { TokenCaller, TokenScope } from './caller.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import { decodeCursor, type Page, pageOf } from './paging.js'
import { newSecret, secretHash } from './secrets.js'
import { validate } from './validate.js'
import { type TokenView, tokenView } from './views.js'

const MAX_TOKENS = 100
/** Precision of `last_used_at`: updating it at every request would cost a commit each. */
const LAST_USED_PRECISION_MS = 60 * 1000

export interface TokensDeps {
  db: Database
  journal: Journal
  now: () => number
}

/**
 * Access tokens for programs. They survive a change of the password, and end when they expire or are revoked. One that was
 * made under a password which had already been replaced, on a server that did not know it, never counts.
 */
export class Tokens {
  readonly #deps: TokensDeps

  constructor(deps: TokensDeps) {
    this.#deps = deps
  }

  /**
   * @returns the token with its secret, which cannot be retrieved later
   * @throws DomainError too-many-tokens, unauthenticated if the account has just been deleted or disabled
   */
  async create(
    userId: string,
    input: { name: string; scope?: TokenScope; expires_in_days?: number },
  ): Promise<TokenView & { token: string }> {
    const secret = newSecret(this.#deps.journal.random)
    const now = this.#deps.now()
    const fields = {
      user_id: userId,
      name: validate(input.name, faultOfText, 'name'),
      scope: input.scope ?? 'read',
      secret_sha256: secretHash(secret),
      created_at: new Date(now).toISOString(),
      expires_at:
        input.expires_in_days === undefined
          ? null
          : new Date(now + input.expires_in_days * DAY_MS).toISOString(),
    }
    const id = this.#deps.journal.random.id()
    await this.#deps.db.write((tx) => {
      const { password_id } = requireActiveUser(tx, userId)
      if (this.#selectLive(tx, userId, '', MAX_TOKENS).length >= MAX_TOKENS) {
        throw new DomainError(
          'too-many-tokens',
          `An account can have at most ${MAX_TOKENS} tokens. Revoke one first.`,
        )
      }
      this.#deps.journal.record(tx, [{ type: 'token.created', key: id, fields: { ...fields, password_id } }])
    })
    const { name, scope, created_at, expires_at } = fields
    return { id, name, scope, created_at, expires_at, last_used_at: null, token: secret }
  }

  /** Finds the live token with this secret. @param username if given (HTTP Basic), must be the owner's */
  authenticate(secret: string, username?: string): TokenCaller | undefined {
    const row = findTokenBySecret(this.#deps.db, secretHash(secret))
    if (row === undefined || !this.#isLive(row)) return undefined
    if (username !== undefined && findUserByUsername(this.#deps.db, foldLogin(username))?.id !== row.user_id)
      return undefined
    this.#recordUse(row)
    return { kind: 'token', user_id: row.user_id, token_id: row.id, scope: row.scope }
  }

  /** Whether a token still exists and is neither expired nor revoked. */
  isLive(id: string): boolean {
    const row = findTokenById(this.#deps.db, id)
    return row !== undefined && this.#isLive(row)
  }

  list(userId: string, limit: number, cursor?: string): Page<TokenView> {
    const [after] = cursor === undefined ? [''] : decodeCursor(cursor, 'tokens', ['string'])
    const rows = this.#selectLive(this.#deps.db, userId, String(after), limit + 1)
    return pageOf(rows, limit, tokenView, (row) => ['tokens', row.id])
  }

  /** @throws DomainError token-not-found */
  async revoke(userId: string, id: string): Promise<void> {
    await this.#deps.db.write((tx) => {
      if (findTokenById(tx, id)?.user_id !== userId)
        throw new DomainError('token-not-found', 'You have no token with this id.')
      this.#deps.journal.record(tx, [{ type: 'token.revoked', key: id, fields: { revoked: true } }])
    })
  }

  #selectLive(reader: Reader, user_id: string, after: string, limit: number): TokenRow[] {
    return listTokens(reader, { user_id, now: new Date(this.#deps.now()).toISOString(), after, limit })
  }

  #isLive(row: TokenRow): boolean {
    return row.expires_at === null || Date.parse(row.expires_at) > this.#deps.now()
  }

  #recordUse(row: TokenRow): void {
    const now = this.#deps.now()
    if (row.last_used_at !== null && now - Date.parse(row.last_used_at) < LAST_USED_PRECISION_MS) return
    this.#deps.db.write((tx) => touchToken(tx, row.id, new Date(now).toISOString())).catch(() => undefined)
  }
}
