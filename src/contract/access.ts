import type { TokenScope } from '../domain/caller.js'
import type { Document, SecurityRequirement, SecurityScheme } from './document.js'

/** Who may call an operation, as its `security` says. */
export interface Access {
  /** Also without login (`{}`, or no requirement at all). */
  anonymous: boolean
  session: boolean
  /** The least scope of a token; undefined where tokens are not taken. */
  token: TokenScope | undefined
  operator: boolean
}

const SCOPES: readonly string[] = ['read', 'write'] satisfies TokenScope[]

const KNOWN_SCHEMES: Record<string, (scheme: SecurityScheme) => boolean> = {
  session: (scheme) => scheme.type === 'apiKey' && scheme.in === 'cookie',
  token: (scheme) => scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'bearer',
  operator: (scheme) => scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'bearer',
}

/** Security schemes of the document that this server has no code for. */
export function schemeFaults(document: Document): string[] {
  return Object.entries(document.components?.securitySchemes ?? {}).flatMap(([name, scheme]) => {
    const known = KNOWN_SCHEMES[name]
    if (!known) return [`security scheme "${name}" is unknown to the server`]
    return known(scheme)
      ? []
      : [`security scheme "${name}" is declared as something else than the server does`]
  })
}

/**
 * Reads the alternatives of a `security` list. No list is refused rather than taken for "open to all": that has to be
 * said by an empty list or `{}`.
 * @throws Error naming an unknown scheme, an undeclared scope or a combination that the server cannot check
 */
export function accessOf(requirements: SecurityRequirement[] | undefined, document: Document): Access {
  if (!requirements) throw new Error('has no security; say [] if anybody may call it')
  const access: Access = {
    anonymous: requirements.length === 0,
    session: false,
    token: undefined,
    operator: false,
  }
  for (const requirement of requirements) {
    const schemes = Object.entries(requirement)
    if (schemes.length > 1) throw new Error('combines security schemes, which the server cannot check')
    const [scheme] = schemes
    if (!scheme) access.anonymous = true
    else addAlternative(access, scheme, document)
  }
  return access
}

function addAlternative(access: Access, [name, scopes]: [string, string[]], document: Document): void {
  if (!(name in KNOWN_SCHEMES) || !document.components?.securitySchemes?.[name]) {
    throw new Error(`requires the unknown security scheme "${name}"`)
  }
  const allowed = name === 'token' ? SCOPES : []
  const undeclared = scopes.find((scope) => !allowed.includes(scope))
  if (undeclared !== undefined) throw new Error(`requires the undeclared scope "${undeclared}" of "${name}"`)
  if (name === 'session') access.session = true
  if (name === 'operator') access.operator = true
  if (name !== 'token') return
  if (scopes.length !== 1) throw new Error('has to require exactly one scope of "token"')
  access.token = scopes[0] as TokenScope
}
