import type { Selectable } from 'kysely'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { TokensTable } from '../tables.js'
import { query } from '../tables.js'

export type TokenRow = Selectable<TokensTable>

const live = query
  .selectFrom('tokens')
  .innerJoin('users', 'users.id', 'tokens.user_id')
  .selectAll('tokens')
  .where('tokens.revoked', '=', 0)
  .where('users.deleted', '=', 0)
  .where('users.disabled', '=', 0)

const bySecret = prepare<{ secret: string }>()((slot) => live.where('secret_sha256', '=', slot('secret')))
const byId = prepare<{ id: string }>()((slot) => live.where('tokens.id', '=', slot('id')))
const byUser = prepare<{ user_id: string; now: string; after: string; limit: number }>()((slot) =>
  live
    .where('tokens.user_id', '=', slot('user_id'))
    .where((eb) => eb.or([eb('tokens.expires_at', 'is', null), eb('tokens.expires_at', '>', slot('now'))]))
    .where('tokens.id', '>', slot('after'))
    .orderBy('tokens.id')
    .limit(slot('limit')),
)
const touch = prepare<{ id: string; now: string }>()((slot) =>
  query
    .updateTable('tokens')
    .set({ last_used_at: slot('now') })
    .where('id', '=', slot('id')),
)

export function tokenBySecret(reader: Reader, secret: string): TokenRow | undefined {
  return reader.get(bySecret, { secret })
}

export function tokenById(reader: Reader, id: string): TokenRow | undefined {
  return reader.get(byId, { id })
}

/** Unexpired tokens in order of id (that is, of age), after the id `after` ('' for the first). */
export function tokensOfUser(
  reader: Reader,
  params: { user_id: string; now: string; after: string; limit: number },
): TokenRow[] {
  return reader.all(byUser, params)
}

export function touchToken(tx: Tx, id: string, now: string): void {
  tx.run(touch, { id, now })
}
