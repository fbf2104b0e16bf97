import type { Reader } from '../db/engine/database.js'
import { findStorageUse } from '../db/regional/users.js'
import { DomainError } from './errors.js'

/**
 * Quota that uploads reserve while their bytes arrive. Stored plus reserved bytes never exceed the quota, so parallel uploads
 * cannot exceed it together.
 */
export class Quota {
  readonly #reader: Reader
  readonly #reserved = new Map<string, number>()

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Creates an empty reservation. The caller has to dispose of it. */
  reservation(userId: string): Reservation {
    return new Reservation(userId, this)
  }

  /** @throws DomainError quota-exceeded when `bytes` more do not fit */
  assertRoom(userId: string, bytes: number, reader = this.#reader): void {
    const space = findStorageUse(reader, userId)
    if (space === undefined)
      throw new DomainError('unauthenticated', 'The account no longer exists or is disabled.')
    const reserved = this.#reserved.get(userId) ?? 0
    if (space.used_storage + reserved + bytes <= space.storage_quota) return
    throw new DomainError('quota-exceeded', 'The file exceeds your storage quota.', {
      members: { quota: space.storage_quota, used: space.used_storage, reserved, required: bytes },
    })
  }

  /** For `Reservation` only. */
  add(userId: string, bytes: number): void {
    const reserved = (this.#reserved.get(userId) ?? 0) + bytes
    if (reserved === 0) this.#reserved.delete(userId)
    else this.#reserved.set(userId, reserved)
  }
}

export class Reservation implements Disposable {
  readonly #userId: string
  readonly #quota: Quota
  #bytes = 0

  constructor(userId: string, quota: Quota) {
    this.#userId = userId
    this.#quota = quota
  }

  /**
   * Raises the reservation to `total` bytes; it never lowers it.
   * @throws DomainError quota-exceeded
   */
  reserve(total: number): void {
    const more = total - this.#bytes
    if (more <= 0) return
    this.#quota.assertRoom(this.#userId, more)
    this.#quota.add(this.#userId, more)
    this.#bytes = total
  }

  /** Releases the reservation, once the bytes count as stored or the upload has failed. */
  [Symbol.dispose](): void {
    this.#quota.add(this.#userId, -this.#bytes)
    this.#bytes = 0
  }
}
