import { fold } from '../storage/fold.js'
import { DomainError } from './errors.js'

const USERNAME = /^[\p{L}\p{N}._-]{3,32}$/u

/**
 * A username in the form that is kept: NFKC, case as typed.
 * @throws DomainError validation-failed
 */
export function usernameFrom(typed: string): string {
  const username = typed.normalize('NFKC')
  if (USERNAME.test(username)) return username
  const message = 'must be 3 to 32 letters, digits, dots, underscores or hyphens'
  throw new DomainError('validation-failed', `The username ${message}.`, {
    errors: [{ path: 'body/username', message }],
  })
}

/** What a name that a person typed is looked up by. */
export function loginForm(typed: string): string {
  return fold(typed)
}
