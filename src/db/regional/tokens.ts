import type { Selectable } from 'kysely'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { TokensTable } from '../tables.js'
import { query } from '../tables.js'

export type TokenRow = Selectable<TokensTable>

/** Tokens of active accounts that were made while the password behind them held. */
const liveTokens = query
  .selectFrom('tokens')
  .innerJoin('users', 'users.id', 'tokens.user_id')
  .innerJoin('passwords', (join) =>
    join
      .onRef('passwords.id', '=', 'tokens.password_id')
      .onRef('passwords.user_id', '=', 'tokens.user_id')
      .onRef('passwords.held_until', '>', 'tokens.created_stamp'),
  )
  .selectAll('tokens')
  .where('tokens.revoked', '=', 0)
  .where('users.active', '=', 1)

const selectBySecret = prepare<{ secret: string }>()((slot) =>
  liveTokens.where('secret_sha256', '=', slot('secret')),
)
const selectById = prepare<{ id: string }>()((slot) => liveTokens.where('tokens.id', '=', slot('id')))
const selectPage = prepare<{ user_id: string; now: string; after: string; limit: number }>()((slot) =>
  liveTokens
    .where('tokens.user_id', '=', slot('user_id'))
    .where((eb) => eb.or([eb('tokens.expires_at', 'is', null), eb('tokens.expires_at', '>', slot('now'))]))
    .where('tokens.id', '>', slot('after'))
    .orderBy('tokens.id')
    .limit(slot('limit')),
)
const updateLastUsed = prepare<{ id: string; now: string }>()((slot) =>
  query
    .updateTable('tokens')
    .set({ last_used_at: slot('now') })
    .where('id', '=', slot('id')),
)

export function findTokenBySecret(reader: Reader, secret: string): TokenRow | undefined {
  return reader.get(selectBySecret, { secret })
}

export function findTokenById(reader: Reader, id: string): TokenRow | undefined {
  return reader.get(selectById, { id })
}

/** Unexpired tokens in order of id (that is, of age), after the id `after` ('' for the first page). */
export function listTokens(
  reader: Reader,
  params: { user_id: string; now: string; after: string; limit: number },
): TokenRow[] {
  return reader.all(selectPage, params)
}

export function touchToken(tx: Tx, id: string, now: string): void {
  tx.run(updateLastUsed, { id, now })
}
