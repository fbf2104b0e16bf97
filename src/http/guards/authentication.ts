import type { FastifyRequest } from 'fastify'
import type { Access, Caller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'
import { equalInConstantTime } from '../../lib/constant-time.js'
import { parseBasicCredentials } from './basic-credentials.js'
import type { SessionCookie } from './session-cookie.js'

/** Looks up secrets; returns undefined for an unknown, ended or expired one. */
export interface Credentials {
  sessions(secret: string): Caller | undefined
  /** @param username if given, the token must belong to this account */
  tokens(secret: string, username?: string): Caller | undefined
  operatorToken?: string | undefined
}

export type Authenticate = (request: FastifyRequest, access: Access) => Caller

const ANONYMOUS: Caller = { kind: 'anonymous' }

/**
 * Returns the function that identifies a request's caller, in this order:
 * - A Bearer token. An invalid one is refused even where no login is needed, because the client sent it on purpose.
 * - A live session. It precedes other `Authorization` schemes, whose credentials may be meant for a reverse proxy.
 * - Username and token as Basic. Account passwords are not accepted, so a wrong password costs only a lookup.
 * - Anonymous. An ended session or wrong Basic credentials count as no login, because browsers send both on their own.
 *
 * The function throws DomainError `unauthenticated`, `insufficient-scope` or `session-required`; also `not-found` for an
 * operator's operation on a server without an operator's token.
 */
export function authentication(credentials: Credentials, cookie: SessionCookie): Authenticate {
  const { operatorToken } = credentials
  return (request, access) => {
    if (access.operator && !access.session && !access.token && !operatorToken) {
      throw new DomainError('not-found', 'No operator token is configured on this server.')
    }
    if (!access.session && !access.token && !access.operator) return ANONYMOUS
    const { authorization = '' } = request.headers
    if (/^Bearer(?: |$)/i.test(authorization)) {
      const secret = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1]
      if (!secret) throw unauthenticated('The Authorization header must have the form "Bearer <token>".')
      if (access.operator && operatorToken && equalInConstantTime(secret, operatorToken))
        return { kind: 'operator' }
      return requireScope(credentials.tokens(secret), access)
    }
    const secret = access.session ? cookie.read(request.headers.cookie) : undefined
    const caller = secret ? credentials.sessions(secret) : undefined
    if (caller) return caller
    const basic = parseBasicCredentials(authorization)
    const token = basic && credentials.tokens(basic.password, basic.username)
    if (token) return requireScope(token, access)
    if (access.anonymous) return ANONYMOUS
    if (basic)
      throw unauthenticated('Basic needs a username, and a valid token of that account as the password.')
    throw unauthenticated(secret ? 'The session has ended. Log in again.' : 'This operation needs a login.')
  }
}

function requireScope(caller: Caller | undefined, access: Access): Caller {
  if (caller?.kind !== 'token') throw unauthenticated('The token is unknown or no longer valid.')
  if (!access.token && access.session) {
    throw new DomainError('session-required', 'This operation needs a session. Log in.')
  }
  if (!access.token) throw unauthenticated('This operation does not accept a token.')
  if (access.token === 'write' && caller.scope !== 'write') {
    throw new DomainError('insufficient-scope', 'This operation needs a token with the scope "write".')
  }
  return caller
}

function unauthenticated(detail: string): DomainError {
  return new DomainError('unauthenticated', detail)
}
