/** Accounts as text. Columns of variable width come last, so that a list can be streamed. */

import type { AccountDetails, AccountView } from '../domain/views.js'
import { formatByteSize } from '../lib/byte-size.js'
import { plural } from '../lib/plural.js'

const NAME_WIDTH = 32

export function* accountTable(accounts: Iterable<AccountView>): Generator<string> {
  yield rowOf('STATE', 'CREATED', 'USED', 'QUOTA', 'USERNAME', 'EMAIL')
  for (const account of accounts) {
    const { created_at, used_storage, storage_quota, username, email } = account
    const sizes = [formatByteSize(used_storage), formatByteSize(storage_quota)] as const
    yield rowOf(stateOf(account), created_at.slice(0, 10), ...sizes, username, email)
  }
}

function rowOf(state: string, created: string, used: string, quota: string, username: string, email: string) {
  const fixed = [state.padEnd(8), created.padEnd(10), used.padStart(10), quota.padStart(10)]
  return [...fixed, username.padEnd(NAME_WIDTH), email].join('  ')
}

/** A line for each property of an account. */
export function accountDetails(account: AccountDetails): string[] {
  const { used_storage, storage_quota, files, requested_username, requested_email } = account
  const lines: [string, string | number | undefined][] = [
    ['id', account.id],
    ['username', account.username],
    ['requested name', requested_username],
    ['email', account.email],
    ['requested email', requested_email],
    ['state', stateOf(account)],
    ['created', account.created_at],
    ['quota', `${storage_quota} bytes (${formatByteSize(storage_quota)})`],
    ['used', `${used_storage} bytes (${formatByteSize(used_storage)}) in ${plural(files, 'file')}`],
    ['sessions', account.sessions],
    ['tokens', account.tokens],
    ['last used', account.last_used_at ? `${account.last_used_at}, on this server` : 'never on this server'],
  ]
  const known = lines.filter(([, value]) => value !== undefined)
  return known.map(([name, value]) => `${name.padEnd(17)}${value}`)
}

/** A JSON object a line, for programs. */
export function* jsonLines(accounts: Iterable<AccountView>): Generator<string> {
  for (const account of accounts) yield JSON.stringify(account)
}

function stateOf({ disabled, closed_at }: AccountView): string {
  if (closed_at !== null) return 'closed'
  return disabled ? 'disabled' : 'active'
}
