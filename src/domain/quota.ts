import type { Reader } from '../db/engine/database.js'
import { findStorageUse } from '../db/regional/users.js'
import { requireUser } from './access.js'
import { DomainError } from './errors.js'

/** Disposing releases it: the bytes are stored and counted, or the upload failed. */
export interface Reservation extends Disposable {
  /** Raises the reservation to `totalBytes`; a lower value has no effect. @throws DomainError quota-exceeded */
  reserve(totalBytes: number): void
}

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
    let reservedBytes = 0
    return {
      reserve: (totalBytes) => {
        const addedBytes = totalBytes - reservedBytes
        if (addedBytes <= 0) return
        this.assertRoom(userId, addedBytes)
        this.#adjustReserved(userId, addedBytes)
        reservedBytes = totalBytes
      },
      [Symbol.dispose]: () => {
        this.#adjustReserved(userId, -reservedBytes)
        reservedBytes = 0
      },
    }
  }

  /** @throws DomainError quota-exceeded if `bytes` more do not fit; unauthenticated if the account is gone */
  assertRoom(userId: string, bytes: number, reader = this.#reader): void {
    const space = requireUser(findStorageUse(reader, userId))
    const reserved = this.#reserved.get(userId) ?? 0
    if (space.used_storage + reserved + bytes <= space.storage_quota) return
    throw new DomainError('quota-exceeded', 'This file exceeds the free space of your quota.', {
      members: { quota: space.storage_quota, used: space.used_storage, reserved, required: bytes },
    })
  }

  #adjustReserved(userId: string, bytes: number): void {
    const reserved = (this.#reserved.get(userId) ?? 0) + bytes
    if (reserved === 0) this.#reserved.delete(userId)
    else this.#reserved.set(userId, reserved)
  }
}
