import type { FastifyRequest } from 'fastify'
import type { Access, Caller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'
import { equalInConstantTime } from '../../lib/constant-time.js'
import { basicCredentials } from './basic-credentials.js'
import type { SessionCookie } from './session-cookie.js'

/** Where secrets are looked up; undefined for one that is unknown, ended or expired. */
export interface Credentials {
  sessions(secret: string): Caller | undefined
  /** @param username whose the token has to be, where it is given with one */
  tokens(secret: string, username?: string): Caller | undefined
  operatorToken?: string | undefined
}

export type Authenticate = (request: FastifyRequest, access: Access) => Caller

const ANONYMOUS: Caller = { kind: 'anonymous' }

/**
 * Makes the function that tells who calls.
 * - A Bearer token goes before the cookie, and a wrong one is refused even where no login is needed: its sender means it.
 * - Then a live session. What else stands in `Authorization` may be for a proxy in front, and must not shut its user out.
 * - Then username and token as Basic. No account's password is ever compared: an unknown token costs one lookup.
 * - A dead cookie or wrong Basic credentials are sent without anybody's meaning to, and count as none.
 * @returns a function that throws DomainError `unauthenticated`, `insufficient-scope`, `session-required`, or `not-found` for an operation
 *   that only the operator may call, on a server that has no operator's token
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
      if (!secret) throw unauthenticated('The Authorization header is not of the form "Bearer <token>".')
      if (access.operator && operatorToken && equalInConstantTime(secret, operatorToken))
        return { kind: 'operator' }
      return allowedToken(credentials.tokens(secret), access)
    }
    const secret = access.session ? cookie.read(request.headers.cookie) : undefined
    const caller = secret ? credentials.sessions(secret) : undefined
    if (caller) return caller
    const basic = basicCredentials(authorization)
    const token = basic && credentials.tokens(basic.password, basic.username)
    if (token) return allowedToken(token, access)
    if (access.anonymous) return ANONYMOUS
    if (basic)
      throw unauthenticated('Basic needs a username and a live token of that account as its password.')
    throw unauthenticated(secret ? 'The session has ended.' : 'This operation needs a login.')
  }
}

function allowedToken(caller: Caller | undefined, access: Access): Caller {
  if (caller?.kind !== 'token') throw unauthenticated('The token is unknown or no longer valid.')
  if (!access.token && access.session) {
    throw new DomainError('session-required', 'Only a session may do this. Log in.')
  }
  if (!access.token) throw unauthenticated('This operation does not take a token.')
  if (access.token === 'write' && caller.scope !== 'write') {
    throw new DomainError('insufficient-scope', 'This operation needs a token of the scope "write".')
  }
  return caller
}

function unauthenticated(detail: string): DomainError {
  return new DomainError('unauthenticated', detail)
}
