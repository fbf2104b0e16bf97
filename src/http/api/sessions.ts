import type { Handlers } from '../../contract/handlers.js'
import { DomainError } from '../../domain/errors.js'
import type { Sessions } from '../../domain/sessions.js'
import type { Tokens } from '../../domain/tokens.js'
import type { SessionCookie } from '../guards/session-cookie.js'
import { account } from './identity.js'

/** Another request may have ended it meanwhile; what is asked for is so then. */
function unlessEnded(error: unknown): void {
  const isEnded = error instanceof DomainError && /^(session|token)-not-found$/.test(error.code)
  if (!isEnded) throw error
}

type SessionHandlers = Pick<
  Handlers,
  'logoutUser' | 'listSessions' | 'revokeSession' | 'createToken' | 'listTokens' | 'revokeToken'
>

export function sessionHandlers(sessions: Sessions, tokens: Tokens, cookie: SessionCookie): SessionHandlers {
  return {
    async logoutUser(_input, { caller }) {
      const who = account(caller)
      const ended =
        who.kind === 'session'
          ? sessions.revoke(who.user_id, who.session_id)
          : tokens.revoke(who.user_id, who.token_id)
      await ended.catch(unlessEnded)
      return { status: 204, headers: { 'set-cookie': cookie.clear() } }
    },

    listSessions({ query }, { caller }) {
      return { status: 200, body: sessions.list(account(caller), query.limit ?? 50, query.cursor) }
    },

    async revokeSession({ params }, { caller }) {
      const who = account(caller)
      await sessions.revoke(who.user_id, params.session_id)
      const own = who.kind === 'session' && who.session_id === params.session_id
      return { status: 204, headers: own ? { 'set-cookie': cookie.clear() } : {} }
    },

    async createToken({ body }, { caller }) {
      return { status: 201, body: await tokens.create(account(caller).user_id, body) }
    },

    listTokens({ query }, { caller }) {
      return { status: 200, body: tokens.list(account(caller).user_id, query.limit ?? 50, query.cursor) }
    },

    async revokeToken({ params }, { caller }) {
      await tokens.revoke(account(caller).user_id, params.token_id)
      return { status: 204 }
    },
  }
}
