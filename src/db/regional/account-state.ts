/**
 * Derives the state of an account from its rows: the password that holds, the email, whether it is closed, and the names
 * that it shows. It follows from merged state, so it is the same on every server.
 */
import { millisecondsOf } from '../../model/clock.js'
import { type Act, counts, heldUntil, STILL_HELD } from '../../model/credentials.js'
import type { Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'
import { fold } from './fold.js'
import { resolveNameConflicts } from './names.js'

/** Whether an account could be used before a change, and whether it can after it. */
export interface AccountTransition {
  id: string
  wasActive: boolean
  isActive: boolean
  /** The username that others saw before the change. */
  shownName: string
}

/** Columns of `users` that follow from the account's rows. */
interface Derived {
  active: number
  closed_at: string | null
  password_id: string
  password_hash: string
  email_id: string
  email: string
  email_folded: string
  username_folded: string
}

const NOTHING_DERIVED: Derived = {
  active: 0,
  closed_at: null,
  ...{ password_id: '', password_hash: '', email_id: '', email: '', email_folded: '', username_folded: '' },
}

/** The derived columns of an account that has just been inserted. */
export const UNDERIVED_ACCOUNT = {
  ...NOTHING_DERIVED,
  ...{ username_shown: '', email_shown: '', username_login: '', email_login: '' },
}

const DERIVED_COLUMNS = [
  ...(['active', 'closed_at', 'password_id', 'password_hash'] as const),
  ...(['email_id', 'email', 'email_folded', 'username_folded'] as const),
] as const

const selectUser = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('users')
    .select(['username', 'username_shown', 'disabled', 'deleted', ...DERIVED_COLUMNS])
    .where('id', '=', slot('id')),
)
const selectPasswords = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('passwords')
    .select(['id', 'created_stamp', 'replaces', 'hash', 'held_until'])
    .where('user_id', '=', slot('id'))
    .where('deleted', '=', 0),
)
const updateHeldUntil = prepare<{ id: string; held_until: string }>()((slot) =>
  query
    .updateTable('passwords')
    .set({ held_until: slot('held_until') })
    .where('id', '=', slot('id')),
)
const selectEmails = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('emails')
    .select(['id', 'created_stamp', 'password_id', 'email'])
    .where('user_id', '=', slot('id'))
    .where('deleted', '=', 0)
    .orderBy('created_stamp', 'desc')
    .orderBy('id', 'desc'),
)
const selectClosures = prepare<{ id: string }>()((slot) =>
  query
    .selectFrom('closures')
    .select(['created_stamp', 'password_id'])
    .where('user_id', '=', slot('id'))
    .where('undone', '=', 0)
    .orderBy('created_stamp'),
)
const updateUser = prepare<Derived & { id: string }>()((slot) =>
  query
    .updateTable('users')
    .set({
      active: slot('active'),
      closed_at: slot('closed_at'),
      password_id: slot('password_id'),
      password_hash: slot('password_hash'),
      email_id: slot('email_id'),
      email: slot('email'),
      email_folded: slot('email_folded'),
      username_folded: slot('username_folded'),
    })
    .where('id', '=', slot('id')),
)

/** Derives the state of an account again. Undefined while its row has not arrived. */
export function deriveAccount(tx: Tx, id: string): AccountTransition | undefined {
  const before = tx.get(selectUser, { id })
  if (before === undefined) return undefined
  const after = before.deleted === 1 ? NOTHING_DERIVED : derive(tx, id, before)
  if (DERIVED_COLUMNS.some((name) => before[name] !== after[name])) tx.run(updateUser, { id, ...after })
  resolveNameConflicts(tx, id, before, after)
  const shownName = before.username_shown
  return { id, wasActive: before.active === 1, isActive: after.active === 1, shownName }
}

function derive(tx: Tx, id: string, { username, disabled }: { username: string; disabled: number }): Derived {
  const { held, current } = derivePasswords(tx, id)
  const isValid = (act: Act) => counts(act, held)
  const email = tx.all(selectEmails, { id }).find(isValid)
  const closure = tx.all(selectClosures, { id }).find(isValid)
  return {
    active: disabled === 0 && closure === undefined ? 1 : 0,
    closed_at: closure === undefined ? null : new Date(millisecondsOf(closure.created_stamp)).toISOString(),
    password_id: current?.id ?? '',
    password_hash: current?.hash ?? '',
    email_id: email?.id ?? '',
    email: email?.email ?? '',
    email_folded: fold(email?.email ?? ''),
    username_folded: fold(username),
  }
}

/** Updates until when each password holds. */
function derivePasswords(tx: Tx, id: string) {
  const passwords = tx.all(selectPasswords, { id })
  const held = heldUntil(passwords)
  for (const password of passwords) {
    const held_until = held.get(password.id) as string
    if (held_until !== password.held_until) tx.run(updateHeldUntil, { id: password.id, held_until })
  }
  return { held, current: passwords.find((password) => held.get(password.id) === STILL_HELD) }
}
