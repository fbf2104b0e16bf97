/** Every error code of the API: the last segment of a problem's `type`. The list is closed. */
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
  'account-closed',
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

export interface DomainErrorExtra {
  /** The invalid field, e.g. `email`; the HTTP layer knows where in the request it was. */
  field?: string
  retryAfterSeconds?: number
  /** Extension members of the problem document (RFC 9457 section 3.2). */
  members?: Record<string, unknown>
  headers?: Record<string, string>
  cause?: unknown
}

/** An error that is safe to show to the caller: `code` is for programs, `detail` for people. */
export class DomainError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  readonly field?: string
  readonly retryAfterSeconds?: number
  readonly members?: Record<string, unknown>
  readonly headers?: Record<string, string>

  constructor(code: ErrorCode, detail: string, extra: DomainErrorExtra = {}) {
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause })
    this.name = 'DomainError'
    this.code = code
    this.detail = detail
    if (extra.field !== undefined) this.field = extra.field
    if (extra.retryAfterSeconds !== undefined) this.retryAfterSeconds = extra.retryAfterSeconds
    if (extra.members) this.members = extra.members
    if (extra.headers) this.headers = extra.headers
  }
}

/** One invalid field. @param detail a predicate whose subject is the field, e.g. `must not be empty` */
export function validationError(field: string, detail: string): DomainError {
  return new DomainError('validation-failed', detail, { field })
}
