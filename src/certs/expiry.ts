import { DAY_MS } from '../lib/durations.js'
import { certificatesIn } from './pem.js'

/** Servers warn of a certificate that expires sooner. */
const EXPIRES_SOON_DAYS = 30

/** @returns whole days; negative when `end` has passed */
export function daysUntil(end: Date, nowMs: number): number {
  return Math.floor((end.getTime() - nowMs) / DAY_MS)
}

export function expiresSoon(daysLeft: number): boolean {
  return daysLeft < EXPIRES_SOON_DAYS
}

/** @returns the earliest expiry of the certificates in a PEM chain */
export function expiryOf(pem: Buffer): Date {
  return new Date(Math.min(...certificatesIn(pem).map(({ validTo }) => Date.parse(validTo))))
}
