import type { FastifyInstance } from 'fastify'
import { DomainError } from '../../domain/errors.js'

/**
 * Remembers which methods each path has, to tell 405 (with `Allow`, RFC 9110 section 15.5.6) from 404; fastify sends
 * 404 for both. Has to be made before the routes.
 */
export function methodNotAllowed(app: FastifyInstance): (url: string) => DomainError {
  const methods = new Map<string, { pattern: RegExp; allowed: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const route = methods.get(url) ?? { pattern: patternOf(url), allowed: new Set() }
    methods.set(url, route)
    for (const one of [method].flat()) route.allowed.add(one)
  })
  return (url) => {
    const path = url.split('?', 1)[0] ?? ''
    const routes = [...methods.values()].filter(({ pattern }) => pattern.test(path))
    if (routes.length === 0) return new DomainError('not-found', 'There is nothing at this path.')
    const allow = [...new Set(routes.flatMap(({ allowed }) => [...allowed]))].sort().join(', ')
    return new DomainError('method-not-allowed', `This path has only: ${allow}.`, { headers: { allow } })
  }
}

function patternOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll(/:[^/]+/g, '[^/]+').replaceAll('*', '.*')}$`)
}
