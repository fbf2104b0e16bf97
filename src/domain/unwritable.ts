import { reasonOf } from '../lib/storage-fault.js'
import { DomainError } from './errors.js'

const RETRY_SECONDS = 10

/** The error of a request that needs a disk which does not work. */
export function unavailable(reason: string, cause?: unknown): DomainError {
  const detail = `The server cannot store data now: ${reason}.`
  return new DomainError('unavailable', detail, { retryAfterSeconds: RETRY_SECONDS, cause })
}

/** As `unavailable`, with the reason taken from an error. */
export function unwritable(error: unknown): DomainError {
  return unavailable(reasonOf(error) ?? 'its disk does not work', error)
}
