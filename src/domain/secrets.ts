import { hash } from 'node:crypto'
import type { Random } from '../lib/random.js'

/** Creates a secret of 256 random bits, base64url. It is shown once; only its sha256 is stored. */
export function newSecret(random: Random): string {
  return random.bytes(32).toString('base64url')
}

/** The sha256 of a secret in hex, as stored and looked up. A secret of 256 random bits needs no slow hash. */
export function secretHash(secret: string): string {
  return hash('sha256', secret)
}
