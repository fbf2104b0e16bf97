import type { Caller, SessionCaller, TokenCaller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'

/**
 * The session behind a caller, where the contract lets nobody else through.
 * @throws DomainError session-required
 */
export function session(caller: Caller): SessionCaller {
  if (caller.kind === 'session') return caller
  throw new DomainError('session-required', 'Only a session may do this. Log in.')
}

/**
 * The account behind a caller. The contract lets nobody else through to where this is asked.
 * @throws DomainError unauthenticated
 */
export function account(caller: Caller): SessionCaller | TokenCaller {
  if (caller.kind === 'session' || caller.kind === 'token') return caller
  throw new DomainError('unauthenticated', 'Log in first.')
}
