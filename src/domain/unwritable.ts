import { reasonOf } from '../lib/storage-fault.js'
import { DomainError } from './errors.js'

const RETRY_SECONDS = 10

/** The refusal of whoever meets a disk that does not work. */
export function unavailable(reason: string, cause?: unknown): DomainError {
  const detail = `The server cannot store anything now: ${reason}.`
  return new DomainError('unavailable', detail, { retryAfterSeconds: RETRY_SECONDS, cause })
}

/** Likewise, by the error that was met. */
export function unwritable(error: unknown): DomainError {
  return unavailable(reasonOf(error) ?? 'its disk does not work', error)
}
