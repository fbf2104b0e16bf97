import type { FastifyInstance } from 'fastify'
import { DomainError } from '../../domain/errors.js'

/**
 * Records the methods of each path, to distinguish 405 (with `Allow`, RFC 9110 section 15.5.6) from 404. Fastify sends 404
 * for both. Call it before adding routes.
 */
export function methodNotAllowed(app: FastifyInstance): (url: string) => DomainError {
  const methods = new Map<string, { pattern: RegExp; allowed: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const route = methods.get(url) ?? { pattern: patternOf(url), allowed: new Set() }
    methods.set(url, route)
    for (const name of [method].flat()) route.allowed.add(name)
  })
  return (url) => {
    const path = url.split('?', 1)[0] ?? ''
    const routes = [...methods.values()].filter(({ pattern }) => pattern.test(path))
    if (routes.length === 0) return new DomainError('not-found', 'This path does not exist.')
    const allow = [...new Set(routes.flatMap(({ allowed }) => [...allowed]))].sort().join(', ')
    return new DomainError('method-not-allowed', `This path supports only ${allow}.`, { headers: { allow } })
  }
}

function patternOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll(/:[^/]+/g, '[^/]+').replaceAll('*', '.*')}$`)
}
