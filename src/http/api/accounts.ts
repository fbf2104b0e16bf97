import type { FastifyRequest } from 'fastify'
import type { Handlers } from '../../contract/handlers.js'
import type { Accounts } from '../../domain/accounts.js'
import { refusePlainHttp } from '../guards/plain-http.js'
import type { SessionCookie } from '../guards/session-cookie.js'
import { accountOf, sessionOf } from './identity.js'

type AccountHandlers = Pick<Handlers, 'registerUser' | 'loginUser' | 'getMe' | 'updateMe' | 'deleteMe'>

export function accountHandlers(
  accounts: Accounts,
  cookie: SessionCookie,
  publicOrigin: string | undefined,
): AccountHandlers {
  return {
    async registerUser({ body }) {
      return { status: 201, headers: { location: '/me' }, body: await accounts.register(body) }
    },

    async loginUser({ body }, { client, request }) {
      refusePlainHttp(request as FastifyRequest, publicOrigin)
      const userAgent = request.headers['user-agent'] ?? ''
      const { user, session, persistent } = await accounts.login(body, { ...client, userAgent })
      const setCookie = cookie.set(session.secret, persistent ? session.lifetime_seconds : undefined)
      return {
        status: 200,
        headers: { 'set-cookie': setCookie },
        body: { user, expires_at: session.expires_at },
      }
    },

    getMe(_input, { caller }) {
      return { status: 200, body: accounts.get(accountOf(caller).user_id) }
    },

    async updateMe({ body }, { caller, client }) {
      return { status: 200, body: await accounts.update(accountOf(caller), body, client) }
    },

    async deleteMe(_input, { caller }) {
      await accounts.delete(sessionOf(caller))
      return { status: 204, headers: { 'set-cookie': cookie.clear() } }
    },
  }
}
