import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Prevents cross-site request forgery: refuses unsafe requests that a browser sends on behalf of another site. Browsers
 * attach cookies and remembered Basic credentials by themselves, but not Bearer tokens. Anonymous requests are checked too,
 * because a forged login would put the user into the attacker's account.
 * @throws DomainError `cross-origin`
 */
export function checkCsrf(request: FastifyRequest, publicOrigin: string | undefined): void {
  if (SAFE_METHODS.has(request.method) || usesBearerToken(request)) return
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === 'cross-site' || (origin !== undefined && !isOwnOrigin(origin, request, publicOrigin))) {
    throw new DomainError('cross-origin', 'Requests from other sites may not change anything on this server.')
  }
}

function usesBearerToken({ caller, headers }: FastifyRequest): boolean {
  return /^(?:token|operator)$/.test(caller.kind) && /^Bearer /i.test(headers.authorization ?? '')
}

/** Compares only the host with the Host header: behind a TLS-terminating proxy the server does not know the scheme. */
function isOwnOrigin(origin: string, request: FastifyRequest, publicOrigin: string | undefined): boolean {
  return origin === publicOrigin || /^https?:\/\/(.+)$/.exec(origin)?.[1] === request.host.toLowerCase()
}
