import type { Reader } from '../db/engine/database.js'
import { spaceOf } from '../db/regional/users.js'
import { DomainError } from './errors.js'

/**
 * Reserves space for uploads in progress. Stored plus reserved bytes never exceed the quota, so that concurrent uploads
 * cannot exceed it together.
 */
export class Quota {
  readonly #reader: Reader
  readonly #reserved = new Map<string, number>()

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Starts an empty reservation; dispose of it in any case. */
  reservation(userId: string): Reservation {
    return new Reservation({ userId, quota: this })
  }

  /** @throws DomainError quota-exceeded if `bytes` more do not fit; unauthenticated if the account is gone */
  assertRoom(userId: string, bytes: number, reader = this.#reader): void {
    const space = spaceOf(reader, userId)
    if (space === undefined)
      throw new DomainError('unauthenticated', 'This account no longer exists or is disabled.')
    const reserved = this.#reserved.get(userId) ?? 0
    if (space.used_storage + reserved + bytes <= space.storage_quota) return
    throw new DomainError('quota-exceeded', 'This file exceeds the free space of your quota.', {
      members: { quota: space.storage_quota, used: space.used_storage, reserved, required: bytes },
    })
  }

  /** Called by reservations only. */
  adjustReserved(userId: string, bytes: number): void {
    const reserved = (this.#reserved.get(userId) ?? 0) + bytes
    if (reserved === 0) this.#reserved.delete(userId)
    else this.#reserved.set(userId, reserved)
  }
}

interface ReservationDeps {
  userId: string
  quota: Quota
}

class Reservation implements Disposable {
  readonly #deps: ReservationDeps
  #bytes = 0

  constructor(deps: ReservationDeps) {
    this.#deps = deps
  }

  /**
   * Raises the reservation to `totalBytes`; a lower value has no effect.
   * @throws DomainError quota-exceeded
   */
  reserve(totalBytes: number): void {
    const { userId, quota } = this.#deps
    const addedBytes = totalBytes - this.#bytes
    if (addedBytes <= 0) return
    quota.assertRoom(userId, addedBytes)
    quota.adjustReserved(userId, addedBytes)
    this.#bytes = totalBytes
  }

  /** Releases the reservation: the bytes are stored and counted, or the upload failed. */
  [Symbol.dispose](): void {
    this.#deps.quota.adjustReserved(this.#deps.userId, -this.#bytes)
    this.#bytes = 0
  }
}
