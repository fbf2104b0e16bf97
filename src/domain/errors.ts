/** Every reason the server can refuse a request for: the last segment of a problem's `type`. Closed list. */
export const ERROR_CODES = [
  'validation-failed',
  'malformed-json',
  'unauthenticated',
  'insufficient-scope',
  'session-required',
  'cross-origin',
  'https-required',
  'registration-closed',
  'username-taken',
  'email-taken',
  'invalid-credentials',
  'account-disabled',
  'too-many-attempts',
  'wrong-password',
  'reauthentication-required',
  'session-not-found',
  'token-not-found',
  'too-many-tokens',
  'checksum-mismatch',
  'file-too-large',
  'body-too-large',
  'quota-exceeded',
  'disk-full',
  'file-not-found',
  'not-owner',
  'precondition-failed',
  'range-not-satisfiable',
  'content-pending',
  'user-not-found',
  'already-friends',
  'request-pending',
  'self-request',
  'request-not-found',
  'not-pending',
  'friend-not-found',
  'not-found',
  'method-not-allowed',
  'unsupported-media-type',
  'request-timeout',
  'request-header-too-large',
  'rate-limited',
  'too-many-streams',
  'unavailable',
  'internal-error',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** One invalid part of a request; `path` names it from the request's root, e.g. `body/email`. */
export interface FieldError {
  path: string
  message: string
}

export interface DomainErrorExtra {
  errors?: FieldError[]
  retryAfterSeconds?: number
  /** Extension members of the problem document (RFC 9457 section 3.2). */
  members?: Record<string, unknown>
  headers?: Record<string, string>
  cause?: unknown
}

/** A refusal that the caller may see: `code` says which, `detail` says it to a person. */
export class DomainError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  readonly errors?: FieldError[]
  readonly retryAfterSeconds?: number
  readonly members?: Record<string, unknown>
  readonly headers?: Record<string, string>

  constructor(code: ErrorCode, detail: string, extra: DomainErrorExtra = {}) {
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause })
    this.name = 'DomainError'
    this.code = code
    this.detail = detail
    if (extra.errors) this.errors = extra.errors
    if (extra.retryAfterSeconds !== undefined) this.retryAfterSeconds = extra.retryAfterSeconds
    if (extra.members) this.members = extra.members
    if (extra.headers) this.headers = extra.headers
  }
}

/** The refusal of one part of a request. @param path see `FieldError` @param message what is wrong, to be read after it */
export function invalid(path: string, message: string): DomainError {
  return new DomainError('validation-failed', `${path} ${message}`, { errors: [{ path, message }] })
}
