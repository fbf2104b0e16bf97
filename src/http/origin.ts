import type { FastifyRequest } from 'fastify'
import type { Caller } from '../domain/caller.js'
import { DomainError } from '../domain/errors.js'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Defends against cross-site request forgery: what a browser sends on behalf of another site is refused if it changes
 * something. A token is never sent by a browser of its own accord, so it needs no defence; an anonymous request does,
 * for a forged login would put the victim into the attacker's account.
 * @throws DomainError `cross-origin`
 */
export function refuseForeignOrigin(
  request: FastifyRequest,
  caller: Caller,
  publicOrigin: string | undefined,
): void {
  if (SAFE_METHODS.has(request.method) || caller.kind === 'token' || caller.kind === 'operator') return
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === 'cross-site' || (origin !== undefined && !isOwn(origin, request, publicOrigin))) {
    throw new DomainError('cross-origin', 'A request from another site may not change anything here.')
  }
}

/** The scheme is not compared with the Host header's: behind a proxy that ends TLS the server does not know it. */
function isOwn(origin: string, request: FastifyRequest, publicOrigin: string | undefined): boolean {
  return origin === publicOrigin || /^https?:\/\/(.+)$/.exec(origin)?.[1] === request.host.toLowerCase()
}
