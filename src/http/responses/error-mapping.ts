import type { FastifyError } from 'fastify'
import { DomainError } from '../../domain/errors.js'
import { storageErrorOf } from '../../domain/storage-errors.js'
import { isTransientError } from '../../lib/storage-fault.js'
import { invalidPart } from './problems.js'

const MAX_FIELD_ERRORS = 20
/** Names and values of the client's that go back to it are cut to this. */
const MAX_ECHO = 100

const PLACES: Record<string, string> = {
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

type Translation = (error: FastifyError) => DomainError

const invalid =
  (path: string, message: string): Translation =>
  (cause) =>
    invalidPart(path, message, cause)

/** Errors of fastify and its plugins that are the client's doing. */
const BY_CODE: Record<string, Translation> = {
  FST_ERR_VALIDATION: validationError,
  FST_ERR_BAD_URL: invalid('path', 'must be valid percent-encoded UTF-8'),
  FST_ERR_INVALID_URL: invalid('path', 'must be a valid path'),
  FST_ERR_CTP_EMPTY_JSON_BODY: (cause) => new DomainError('malformed-json', 'The body is empty.', { cause }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: invalid('body', 'must be as long as Content-Length says'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) =>
    new DomainError('unsupported-media-type', 'This operation takes no body of this media type.', { cause }),
  FST_ERR_CTP_BODY_TOO_LARGE: (cause) =>
    new DomainError('body-too-large', 'The body is too large.', { cause }),
  // The client went away in the middle of its body: nobody reads the response, and nothing here went wrong.
  ECONNRESET: invalid('body', 'must be sent whole'),
  ERR_STREAM_PREMATURE_CLOSE: invalid('body', 'must be sent whole'),
}

const nothing: Translation = (cause) =>
  new DomainError('not-found', 'There is nothing at this path.', { cause })

/** What the plugin of static files refuses, by its status; a path that it forbids is no path here. */
const BY_STATUS: Record<number, Translation> = {
  403: nothing,
  404: nothing,
  412: (cause) => new DomainError('precondition-failed', 'The file is another than you think.', { cause }),
  416: (cause) => new DomainError('range-not-satisfiable', 'The range lies outside of the file.', { cause }),
}

/** The refusal that stands for an error, whoever threw it; what is not the client's doing becomes `internal-error`. */
export function mapError(error: unknown): DomainError {
  if (error instanceof DomainError) return error
  // Thrown, and then something else in letting go of what was held.
  if (error instanceof Error && 'suppressed' in error) return mapError(error.suppressed)
  if (!(error instanceof Error)) return new DomainError('internal-error', 'thrown value', { cause: error })
  const { code, statusCode } = error as FastifyError
  const translation = BY_CODE[code]
  if (translation) return translation(error as FastifyError)
  // A full disk, a busy database: not the client's doing, and gone in a while.
  if (isTransientError(error)) {
    return storageErrorOf(error)
  }
  const refused = BY_STATUS[statusCode ?? 0]
  if (refused) return refused(error as FastifyError)
  return new DomainError('internal-error', error.message, { cause: error })
}

function validationError(error: FastifyError): DomainError {
  const place = PLACES[error.validationContext ?? ''] ?? 'request'
  const errors = new Map<string, InvalidPart>()
  for (const fault of error.validation ?? []) {
    const part = invalidPartOf(place, fault)
    if (!errors.has(part.path)) errors.set(part.path, part)
    if (errors.size === MAX_FIELD_ERRORS) break
  }
  const all = [...errors.values()]
  const detail = all.map(({ path, message }) => `${path} ${message}`).join('; ')
  return new DomainError('validation-failed', detail, { members: { errors: all }, cause: error })
}

function invalidPartOf(place: string, fault: NonNullable<FastifyError['validation']>[number]): InvalidPart {
  const { keyword, instancePath, params, message = 'is not valid' } = fault
  const path = (name?: unknown) =>
    `${place}${instancePath}${name === undefined ? '' : `/${String(name)}`}`.slice(0, MAX_ECHO)
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
