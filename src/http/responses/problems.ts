import type { FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, type ErrorCode } from '../../domain/errors.js'
import { closeIfBodyUnread } from '../../net/lingering-close.js'

/** HTTP status and title of every error code; RFC 9110 section 15, RFC 6585, RFC 4918 section 11.5 (507). */
export const PROBLEMS: Record<ErrorCode, { status: number; title: string }> = {
  'validation-failed': { status: 400, title: 'The request is not valid' },
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'checksum-mismatch': { status: 400, title: 'The content does not match the checksum' },
  unauthenticated: { status: 401, title: 'Login is required' },
  'invalid-credentials': { status: 401, title: 'Wrong name or password' },
  'insufficient-scope': { status: 403, title: 'The token does not allow this' },
  'session-required': { status: 403, title: 'A session is required' },
  'cross-origin': { status: 403, title: 'Requests from other sites are refused' },
  'https-required': { status: 403, title: 'Log in over HTTPS' },
  'account-disabled': { status: 403, title: 'The account is disabled' },
  'account-closed': { status: 403, title: 'The account has been deleted' },
  'registration-closed': { status: 403, title: 'Registration is closed' },
  'wrong-password': { status: 403, title: 'Wrong password' },
  'reauthentication-required': { status: 403, title: 'Log in again first' },
  'not-owner': { status: 403, title: 'Only the owner may do this' },
  'session-not-found': { status: 404, title: 'No such session' },
  'token-not-found': { status: 404, title: 'No such token' },
  'file-not-found': { status: 404, title: 'No such file' },
  'user-not-found': { status: 404, title: 'No such user' },
  'request-not-found': { status: 404, title: 'No such friend request' },
  'friend-not-found': { status: 404, title: 'No such friend' },
  'not-found': { status: 404, title: 'Unknown path' },
  'method-not-allowed': { status: 405, title: 'The path does not support this method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'username-taken': { status: 409, title: 'The username is taken' },
  'email-taken': { status: 409, title: 'The email is taken' },
  'too-many-tokens': { status: 409, title: 'Too many tokens' },
  'already-friends': { status: 409, title: 'Already friends' },
  'request-pending': { status: 409, title: 'A request is pending' },
  'self-request': { status: 409, title: 'You cannot befriend yourself' },
  'not-pending': { status: 409, title: 'The request is not pending' },
  'precondition-failed': { status: 412, title: 'The precondition failed' },
  'file-too-large': { status: 413, title: 'The file is too large' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside the file' },
  'too-many-attempts': { status: 429, title: 'Too many wrong passwords' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'too-many-streams': { status: 429, title: 'Too many open event streams' },
  'request-header-too-large': { status: 431, title: 'The request line and headers are too long' },
  'internal-error': { status: 500, title: 'The server failed' },
  'content-pending': { status: 503, title: 'The content has not arrived yet' },
  unavailable: { status: 503, title: 'The server is unavailable' },
  'quota-exceeded': { status: 507, title: 'The storage quota is exceeded' },
  'disk-full': { status: 507, title: 'The server has no space left' },
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The location of a domain field in this route's requests, e.g. `body/email`. */
    pathOf?: (field: string) => string
  }
}

const PROBLEM_MEDIA_TYPE = 'application/problem+json'

const TYPE_PREFIX = 'urn:problem-type:syncsphere:'

/** Headers that a handler may have set before it failed. They do not apply to a problem. */
const REPRESENTATION_HEADERS = [
  'accept-ranges',
  'content-disposition',
  'content-encoding',
  'content-range',
  'etag',
  'last-modified',
  'location',
  'repr-digest',
  'set-cookie',
]

/** The error for one invalid part of a request. @param path from the request's root, e.g. `header/host` */
export function invalidPart(path: string, message: string, cause?: unknown): DomainError {
  const members = { errors: [{ path, message }] }
  return new DomainError('validation-failed', `${path} ${message}`, { members, cause })
}

/**
 * Encodes an error as a problem document (RFC 9457). Hides the cause of an internal error.
 * @param pathOf locates the error's field in the request
 */
export function problemDocument(
  error: DomainError,
  requestId: string,
  pathOf = (field: string) => field,
): Buffer {
  if (error.field !== undefined)
    return problemDocument(invalidPart(pathOf(error.field), error.detail), requestId)
  const { status, title } = PROBLEMS[error.code]
  const detail =
    error.code === 'internal-error'
      ? 'The server failed. Its log has the cause under this request_id.'
      : error.detail
  const problem = {
    type: `${TYPE_PREFIX}${error.code}`,
    title,
    status,
    detail,
    request_id: requestId,
    ...error.members,
  }
  return Buffer.from(JSON.stringify(problem))
}

/** The headers of an error's response. */
export function problemHeaders(error: DomainError, challenge = 'Bearer'): Record<string, string> {
  return {
    'content-type': PROBLEM_MEDIA_TYPE,
    // A 401 must name an authentication scheme (RFC 9110 section 15.5.2).
    ...(PROBLEMS[error.code].status === 401 && { 'www-authenticate': challenge }),
    ...(error.retryAfterSeconds !== undefined && {
      'retry-after': String(Math.max(1, Math.ceil(error.retryAfterSeconds))),
    }),
    ...error.headers,
  }
}

/** Sends the problem, and then closes the connection if the request's body is unread. */
export function sendProblem(
  error: DomainError,
  baseHeaders: Record<string, string>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { guards, pathOf } = request.routeOptions.config
  for (const name of REPRESENTATION_HEADERS) reply.removeHeader(name)
  if (closeIfBodyUnread(request.raw)) reply.header('connection', 'close')
  return reply
    .code(PROBLEMS[error.code].status)
    .headers({ ...baseHeaders, 'x-request-id': request.id, ...problemHeaders(error, guards?.challenge) })
    .send(problemDocument(error, request.id, pathOf))
}
