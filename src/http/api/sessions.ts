import type { Handlers } from '../../contract/handlers.js'
import { DomainError } from '../../domain/errors.js'
import type { Sessions } from '../../domain/sessions.js'
import type { Tokens } from '../../domain/tokens.js'
import type { SessionCookie } from '../guards/session-cookie.js'
import { accountOf } from './identity.js'

/** A concurrent request may have ended the session or token already, which is the wanted outcome. */
function ignoreEnded(error: unknown): void {
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
      const account = accountOf(caller)
      const ended =
        account.kind === 'session'
          ? sessions.revoke(account.user_id, account.session_id)
          : tokens.revoke(account.user_id, account.token_id)
      await ended.catch(ignoreEnded)
      return { status: 204, headers: { 'set-cookie': cookie.clear() } }
    },

    listSessions({ query }, { caller }) {
      return { status: 200, body: sessions.list(accountOf(caller), query.limit ?? 50, query.cursor) }
    },

    async revokeSession({ params }, { caller }) {
      const account = accountOf(caller)
      await sessions.revoke(account.user_id, params.session_id)
      const isCurrent = account.kind === 'session' && account.session_id === params.session_id
      return { status: 204, headers: isCurrent ? { 'set-cookie': cookie.clear() } : {} }
    },

    async createToken({ body }, { caller }) {
      return { status: 201, body: await tokens.create(accountOf(caller).user_id, body) }
    },

    listTokens({ query }, { caller }) {
      return { status: 200, body: tokens.list(accountOf(caller).user_id, query.limit ?? 50, query.cursor) }
    },

    async revokeToken({ params }, { caller }) {
      await tokens.revoke(accountOf(caller).user_id, params.token_id)
      return { status: 204 }
    },
  }
}
