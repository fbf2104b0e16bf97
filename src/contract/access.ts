import type { Access, TokenScope } from '../domain/caller.js'
import type { Document, SecurityRequirement, SecurityScheme } from './document.js'

const SCOPES: readonly string[] = ['read', 'write'] satisfies TokenScope[]

const KNOWN_SCHEMES: Record<string, (scheme: SecurityScheme) => boolean> = {
  session: (scheme) => scheme.type === 'apiKey' && scheme.in === 'cookie',
  token: (scheme) => scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'bearer',
  basic: (scheme) => scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'basic',
  operator: (scheme) => scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'bearer',
}

/** Faults of the document's security schemes: unknown ones, and declarations that differ from the server's code. */
export function schemeFaults(document: Document): string[] {
  return Object.entries(document.components?.securitySchemes ?? {}).flatMap(([name, scheme]) => {
    const known = KNOWN_SCHEMES[name]
    if (!known) return [`security scheme "${name}" is unknown to the server`]
    return known(scheme)
      ? []
      : [`security scheme "${name}" is declared differently from the server's implementation`]
  })
}

/**
 * Reads the alternatives of a `security` list. A missing list is an error; an operation that is open to anybody must say
 * so by an empty list or `{}`.
 * @throws Error naming an unknown scheme, an undeclared scope or a combination that the server cannot check
 */
export function accessOf(requirements: SecurityRequirement[] | undefined, document: Document): Access {
  if (!requirements) throw new Error('has no security; declare [] if anybody may call it')
  const alternatives = new Map<string, TokenScope | undefined>()
  for (const requirement of requirements) {
    const schemes = Object.entries(requirement)
    if (schemes.length > 1) throw new Error('combines security schemes, which the server cannot check')
    const [scheme = ['', []]] = schemes
    alternatives.set(scheme[0], scopeOf(scheme, document))
  }
  const token = alternatives.get('token')
  if (token !== alternatives.get('basic')) {
    throw new Error('must require the same scope of "token" and "basic"')
  }
  return {
    anonymous: requirements.length === 0 || alternatives.has(''),
    session: alternatives.has('session'),
    token,
    operator: alternatives.has('operator'),
  }
}

/** The scope that an alternative requires of a token. */
function scopeOf([name, scopes]: [string, string[]], document: Document): TokenScope | undefined {
  if (name === '') return undefined
  if (!(name in KNOWN_SCHEMES) || !document.components?.securitySchemes?.[name]) {
    throw new Error(`requires the unknown security scheme "${name}"`)
  }
  const hasScopes = name === 'token' || name === 'basic'
  const allowed = hasScopes ? SCOPES : []
  const undeclared = scopes.find((scope) => !allowed.includes(scope))
  if (undeclared !== undefined) throw new Error(`requires the undeclared scope "${undeclared}" of "${name}"`)
  if (hasScopes && scopes.length !== 1) throw new Error(`must require exactly one scope of "${name}"`)
  return scopes[0] as TokenScope | undefined
}
