import type { FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, type ErrorCode } from '../../domain/errors.js'
import { closeIfBodyUnread } from '../../net/lingering-close.js'

/** The HTTP status and the title of every refusal; RFC 9110 section 15, RFC 6585, RFC 4918 section 11.5 (507). */
export const PROBLEMS: Record<ErrorCode, { status: number; title: string }> = {
  'validation-failed': { status: 400, title: 'The request is not valid' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'checksum-mismatch': { status: 400, title: 'The bytes do not have the given checksum' },
  unauthenticated: { status: 401, title: 'Login is required' },
  'invalid-credentials': { status: 401, title: 'Wrong name or password' },
  'insufficient-scope': { status: 403, title: 'The token does not allow this' },
  'session-required': { status: 403, title: 'A token may not do this' },
  'cross-origin': { status: 403, title: 'Requests from other sites are refused' },
  'https-required': { status: 403, title: 'Log in over HTTPS' },
  'account-disabled': { status: 403, title: 'The account is disabled' },
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
  'not-found': { status: 404, title: 'Nothing here' },
  'method-not-allowed': { status: 405, title: 'The path does not have this method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'username-taken': { status: 409, title: 'The username is taken' },
  'email-taken': { status: 409, title: 'The email is taken' },
  'too-many-tokens': { status: 409, title: 'Too many tokens' },
  'already-friends': { status: 409, title: 'Already friends' },
  'request-pending': { status: 409, title: 'Already asked' },
  'self-request': { status: 409, title: 'That is yourself' },
  'not-pending': { status: 409, title: 'Already answered' },
  'precondition-failed': { status: 412, title: 'It has changed in the meantime' },
  'file-too-large': { status: 413, title: 'The file is too large' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'This kind of body is not taken here' },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside the file' },
  'too-many-attempts': { status: 429, title: 'Too many wrong passwords' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'too-many-streams': { status: 429, title: 'Too many open event streams' },
  'request-header-too-large': { status: 431, title: 'The request line and headers are too long' },
  'internal-error': { status: 500, title: 'The server failed' },
  'content-pending': { status: 503, title: 'The bytes are still on their way' },
  unavailable: { status: 503, title: 'The server is not available now' },
  'quota-exceeded': { status: 507, title: 'The storage quota does not suffice' },
  'disk-full': { status: 507, title: 'The server has no space left' },
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where a request of this route holds a field that the domain names, e.g. `body/email`. */
    pathOf?: (field: string) => string
  }
}

const PROBLEM_MEDIA_TYPE = 'application/problem+json'

const TYPE_PREFIX = 'urn:problem-type:syncsphere:'

/** What a handler may have said about the response that it did not get to send; none of it is true of a problem. */
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

/** The refusal of one part of a request. @param path names it from the request's root, e.g. `header/host` */
export function invalidPart(path: string, message: string, cause?: unknown): DomainError {
  const members = { errors: [{ path, message }] }
  return new DomainError('validation-failed', `${path} ${message}`, { members, cause })
}

/**
 * The problem document of an error (RFC 9457), as bytes; an internal error does not tell its cause.
 * @param pathOf where the request holds the field that the error names
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
      ? 'The server failed to carry out this request. Its log names the cause under the request_id.'
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

/** The headers that an error brings with it. */
export function problemHeaders(error: DomainError, challenge = 'Bearer'): Record<string, string> {
  return {
    'content-type': PROBLEM_MEDIA_TYPE,
    // RFC 9110 section 15.5.2: a 401 has to name the scheme that is asked for.
    ...(PROBLEMS[error.code].status === 401 && { 'www-authenticate': challenge }),
    ...(error.retryAfterSeconds !== undefined && {
      'retry-after': String(Math.max(1, Math.ceil(error.retryAfterSeconds))),
    }),
    ...error.headers,
  }
}

/** Sends the problem; the connection is closed after it if the body was not read. */
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
