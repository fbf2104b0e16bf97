import { reasonOf } from '../lib/storage-fault.js'
import { DomainError } from './errors.js'

const RETRY_SECONDS = 10

/** A 503 with `Retry-After` for requests that fail because nothing can be stored. */
export function storageUnavailable(reason: string, cause?: unknown): DomainError {
  const detail = `The server cannot store anything at the moment: ${reason}.`
  return new DomainError('unavailable', detail, { retryAfterSeconds: RETRY_SECONDS, cause })
}

/** The same, with the reason taken from an I/O error. */
export function storageErrorOf(error: unknown): DomainError {
  return storageUnavailable(reasonOf(error) ?? 'a disk error occurred', error)
}
