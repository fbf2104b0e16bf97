import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Defends against cross-site request forgery: what a browser sends on behalf of another site is refused if it changes
 * something. A browser sends a cookie of its own accord, and also the username and token that somebody has once typed
 * into its dialog (Basic), but never a token as Bearer. An anonymous request needs the defence too, for a forged login
 * would put the victim into the attacker's account.
 * @throws DomainError `cross-origin`
 */
export function checkCsrf(request: FastifyRequest, publicOrigin: string | undefined): void {
  if (SAFE_METHODS.has(request.method) || isByBearer(request)) return
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === 'cross-site' || (origin !== undefined && !isOwn(origin, request, publicOrigin))) {
    throw new DomainError('cross-origin', 'A request from another site may not change anything here.')
  }
}

function isByBearer({ caller, headers }: FastifyRequest): boolean {
  return /^(?:token|operator)$/.test(caller.kind) && /^Bearer /i.test(headers.authorization ?? '')
}

/** The scheme is not compared with the Host header's: behind a proxy that ends TLS the server does not know it. */
function isOwn(origin: string, request: FastifyRequest, publicOrigin: string | undefined): boolean {
  return origin === publicOrigin || /^https?:\/\/(.+)$/.exec(origin)?.[1] === request.host.toLowerCase()
}
