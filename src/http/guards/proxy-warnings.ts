import type { FastifyRequest } from 'fastify'
import { clientOf } from './client-address.js'

const UNKNOWN_PROXY =
  'requests have X-Forwarded-For, but SYNCSPHERE_TRUST_PROXY is off: all clients of the proxy share one address'
const INSECURE_COOKIES =
  'requests have X-Forwarded-Proto: https, but SYNCSPHERE_PUBLIC_ORIGIN is not https: cookies are not Secure'

/**
 * Returns a function that warns, once each, of proxy headers that do not match the configuration.
 * @param isSecure whether by the configuration users reach the server over HTTPS
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
    // `request.protocol` follows only a trusted proxy.
    if (proto !== undefined && !isSecure && request.protocol === 'https') warn(request, INSECURE_COOKIES)
  }
}
