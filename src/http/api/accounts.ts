import type { FastifyRequest } from 'fastify'
import type { Handlers } from '../../contract/handlers.js'
import type { Accounts } from '../../domain/accounts.js'
import { refusePlainHttp } from '../guards/plain-http.js'
import type { SessionCookie } from '../guards/session-cookie.js'
import { account, session } from './identity.js'

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

    async loginUser({ body }, { client: from, request }) {
      refusePlainHttp(request as FastifyRequest, publicOrigin)
      const client = { ...from, userAgent: request.headers['user-agent'] ?? '' }
      const { user, session: opened, persistent } = await accounts.login(body, client)
      const setCookie = cookie.set(opened.secret, persistent ? opened.lifetime_seconds : undefined)
      return {
        status: 200,
        headers: { 'set-cookie': setCookie },
        body: { user, expires_at: opened.expires_at },
      }
    },

    getMe(_input, { caller }) {
      return { status: 200, body: accounts.get(account(caller).user_id) }
    },

    async updateMe({ body }, { caller, client }) {
      return { status: 200, body: await accounts.update(account(caller), body, client) }
    },

    async deleteMe(_input, { caller }) {
      await accounts.delete(session(caller))
      return { status: 204, headers: { 'set-cookie': cookie.clear() } }
    },
  }
}
