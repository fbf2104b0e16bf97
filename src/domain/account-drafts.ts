/** Changes of an account's password, email and existence. Each is a row of its own: see model/credentials.ts. */
import type { Random } from '../lib/random.js'
import type { Draft } from '../model/change.js'

/** @param password `replaces`: the id of the password that it replaces; null for a first one, and for an operator's */
export function draftPassword(
  random: Random,
  password: { user_id: string; replaces: string | null; hash: string },
): Draft {
  return { type: 'password.set', key: random.id(), fields: password }
}

/** @param email `password_id`: the password that holds, or that is set in the same unit of work */
export function draftEmail(
  random: Random,
  email: { user_id: string; password_id: string; email: string },
): Draft {
  return { type: 'email.set', key: random.id(), fields: email }
}

/** @param closure `password_id`: the password that holds; null if an operator closes the account */
export function draftClosure(
  random: Random,
  closure: { user_id: string; password_id: string | null },
): Draft {
  return { type: 'closure.made', key: random.id(), fields: closure }
}
