import { hash } from 'node:crypto'
import type { Random } from '../lib/random.js'

/** A new secret of 256 random bits, base64url. It is shown once; only its sha256 is kept. */
export function newSecret(random: Random): string {
  return random.bytes(32).toString('base64url')
}

/** What is kept and looked up of a secret: sha256 in hex. Its 256 random bits need no slow hash. */
export function secretHash(secret: string): string {
  return hash('sha256', secret)
}
