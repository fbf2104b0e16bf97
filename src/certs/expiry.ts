import { X509Certificate } from 'node:crypto'
import { DAY_MS } from '../lib/durations.js'

/** A certificate that ends sooner is near its end. */
const EXPIRES_SOON_DAYS = 30

/** Whole days until a time; negative when it has passed. */
export function daysUntil(end: Date, nowMs: number): number {
  return Math.floor((end.getTime() - nowMs) / DAY_MS)
}

export function expiresSoon(daysLeft: number): boolean {
  return daysLeft < EXPIRES_SOON_DAYS
}

/** The end of a chain: of that certificate in the PEM text which ends first. */
export function endOf(pem: Buffer): Date {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  const ends = (blocks ?? []).map((block) => Date.parse(new X509Certificate(block).validTo))
  return new Date(Math.min(...ends))
}
