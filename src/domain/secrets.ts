import { hash } from 'node:crypto'
import type { Random } from '../lib/random.js'

/** A new secret of 256 random bits, base64url. It is shown once; only its sha256 is stored. */
export function newSecret(random: Random): string {
  return random.bytes(32).toString('base64url')
}

/** The stored form of a secret: sha256 in hex. A secret of 256 random bits needs no slow hash. */
export function secretHash(secret: string): string {
  return hash('sha256', secret)
}
