import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'

/**
 * Refuses a login over plain HTTP on a server that users are to reach over HTTPS: the cookie is `Secure`, so no browser
 * would keep it, and nobody would know why. A proxy that ends TLS need not say so; the name that was asked for, or the
 * page that asks, tells it as well.
 * @throws DomainError https-required
 */
export function refusePlainHttp(request: FastifyRequest, publicOrigin: string | undefined): void {
  if (!publicOrigin?.startsWith('https:')) return
  const { 'x-forwarded-proto': proto = '', origin = '' } = request.headers
  const isSecure =
    request.protocol === 'https' || /^\s*https\b/i.test(String(proto)) || origin.startsWith('https:')
  if (isSecure || request.host.toLowerCase() === new URL(publicOrigin).host) return
  throw new DomainError(
    'https-required',
    `Over plain HTTP no browser keeps the cookie of a session. Log in at ${publicOrigin}, which is where the operator of this server says that it is (SYNCSPHERE_PUBLIC_ORIGIN).`,
  )
}
