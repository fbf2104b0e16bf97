import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'

/**
 * Refuses a login over plain HTTP on a server that users should reach over HTTPS: browsers would silently drop the `Secure`
 * cookie. A TLS-terminating proxy may send no X-Forwarded-Proto, so a matching Host or an https Origin counts too.
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
    `Browsers do not keep the session cookie over plain HTTP. Log in at ${publicOrigin} (SYNCSPHERE_PUBLIC_ORIGIN).`,
  )
}
