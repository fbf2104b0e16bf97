import type { Caller, SessionCaller, TokenCaller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'

/** For operations that the contract restricts to sessions. @throws DomainError session-required */
export function sessionOf(caller: Caller): SessionCaller {
  if (caller.kind === 'session') return caller
  throw new DomainError('session-required', 'This operation needs a session. Log in.')
}

/** For operations that the contract restricts to accounts. @throws DomainError unauthenticated */
export function accountOf(caller: Caller): SessionCaller | TokenCaller {
  if (caller.kind === 'session' || caller.kind === 'token') return caller
  throw new DomainError('unauthenticated', 'Log in first.')
}
