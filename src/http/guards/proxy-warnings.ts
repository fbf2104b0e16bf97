import type { FastifyRequest } from 'fastify'
import { clientOf } from './client-address.js'

const UNKNOWN_PROXY =
  'a proxy passes requests on (X-Forwarded-For), but SYNCSPHERE_TRUST_PROXY is off: all who come through it count as one'
const INSECURE_COOKIES =
  'users come over HTTPS (X-Forwarded-Proto), but SYNCSPHERE_PUBLIC_ORIGIN does not say so: cookies are not Secure'

/**
 * Makes the function that looks at what proxies add to requests and warns, once each, of what the configuration does not
 * say of them.
 * @param isSecure whether the configuration says that users come over HTTPS
 */
export function proxyWarnings(isSecure: boolean): (request: FastifyRequest) => void {
  const logged = new Set<string>()
  const warn = (request: FastifyRequest, message: string) => {
    if (logged.has(message)) return
    logged.add(message)
    request.log.warn({ address: request.raw.socket.remoteAddress }, message)
  }
  return (request) => {
    const { 'x-forwarded-for': forwarded, 'x-forwarded-proto': proto } = request.headers
    if (forwarded !== undefined && clientOf(request).isShared) warn(request, UNKNOWN_PROXY)
    // Only a proxy that is trusted decides on the protocol.
    if (proto !== undefined && !isSecure && request.protocol === 'https') warn(request, INSECURE_COOKIES)
  }
}
