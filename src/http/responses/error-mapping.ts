import type { FastifyError } from 'fastify'
import { DomainError } from '../../domain/errors.js'
import { storageErrorOf } from '../../domain/storage-errors.js'
import { isTransientError } from '../../lib/storage-fault.js'
import { invalidPart } from './problems.js'

const MAX_FIELD_ERRORS = 20
/** Problems repeat at most this many characters of a client's names and values. */
const MAX_ECHO_LENGTH = 100

const LOCATIONS: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

/** One invalid part of a request; `path` names it from the request's root, e.g. `body/email`. */
interface InvalidPart {
  path: string
  message: string
}

type ValidationFault = NonNullable<FastifyError['validation']>[number]

type ErrorMapper = (error: FastifyError) => DomainError

const toInvalidPart =
  (path: string, message: string): ErrorMapper =>
  (cause) =>
    invalidPart(path, message, cause)

/** Errors of Fastify and its plugins that the client caused. */
const BY_CODE: Record<string, ErrorMapper> = {
  FST_ERR_VALIDATION: validationError,
  FST_ERR_BAD_URL: toInvalidPart('path', 'must be valid percent-encoded UTF-8'),
  FST_ERR_INVALID_URL: toInvalidPart('path', 'must be a valid path'),
  FST_ERR_CTP_EMPTY_JSON_BODY: (cause) => new DomainError('malformed-json', 'The body is empty.', { cause }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: toInvalidPart('body', 'must have the length in Content-Length'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) =>
    new DomainError('unsupported-media-type', 'This operation does not accept a body of this media type.', {
      cause,
    }),
  FST_ERR_CTP_BODY_TOO_LARGE: (cause) =>
    new DomainError('body-too-large', 'The body is too large.', { cause }),
  // The client disconnected while sending its body. This is no server error, and nobody reads the response.
  ECONNRESET: toInvalidPart('body', 'must be sent whole'),
  ERR_STREAM_PREMATURE_CLOSE: toInvalidPart('body', 'must be sent whole'),
}

const pathNotFound: ErrorMapper = (cause) =>
  new DomainError('not-found', 'This path does not exist.', { cause })

/** Errors of the static-file plugin by status. A forbidden path counts as unknown. */
const BY_STATUS: Record<number, ErrorMapper> = {
  403: pathNotFound,
  404: pathNotFound,
  412: (cause) => new DomainError('precondition-failed', 'The file has changed.', { cause }),
  416: (cause) => new DomainError('range-not-satisfiable', 'The range lies outside the file.', { cause }),
}

/** Maps any thrown value to a DomainError; unknown ones become `internal-error`. */
export function mapError(error: unknown): DomainError {
  if (error instanceof DomainError) return error
  // A SuppressedError: disposal failed after the original error.
  if (error instanceof Error && 'suppressed' in error) return mapError(error.suppressed)
  if (!(error instanceof Error)) return new DomainError('internal-error', 'thrown value', { cause: error })
  const { code, statusCode } = error as FastifyError
  const byCode = BY_CODE[code]
  if (byCode) return byCode(error as FastifyError)
  // A full disk or a busy database, for example.
  if (isTransientError(error)) return storageErrorOf(error)
  const byStatus = BY_STATUS[statusCode ?? 0]
  if (byStatus) return byStatus(error as FastifyError)
  return new DomainError('internal-error', error.message, { cause: error })
}

function validationError(error: FastifyError): DomainError {
  const location = LOCATIONS[error.validationContext ?? ''] ?? 'request'
  const errors = new Map<string, InvalidPart>()
  for (const fault of error.validation ?? []) {
    const part = invalidPartOf(location, fault)
    if (!errors.has(part.path)) errors.set(part.path, part)
    if (errors.size === MAX_FIELD_ERRORS) break
  }
  const all = [...errors.values()]
  const detail = all.map(({ path, message }) => `${path} ${message}`).join('; ')
  return new DomainError('validation-failed', detail, { members: { errors: all }, cause: error })
}

function invalidPartOf(location: string, fault: ValidationFault): InvalidPart {
  const { keyword, instancePath, params, message = 'is not valid' } = fault
  const path = (name?: unknown) =>
    `${location}${instancePath}${name === undefined ? '' : `/${String(name)}`}`.slice(0, MAX_ECHO_LENGTH)
  switch (keyword) {
    case 'required':
      return { path: path(params['missingProperty']), message: 'is required' }
    case 'additionalProperties':
      return { path: path(params['additionalProperty']), message: 'is unknown here' }
    case 'unevaluatedProperties':
      return { path: path(params['unevaluatedProperty']), message: 'is unknown here' }
    case 'enum':
      return { path: path(), message: `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}` }
    default:
      return { path: path(), message }
  }
}
