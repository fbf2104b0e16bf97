import type { IncomingMessage } from 'node:http'
import { DomainError } from '../../domain/errors.js'
import type { Limits } from '../limits.js'
import { invalidPart } from '../responses/problems.js'

/**
 * What Node lets pass although it can be read in more than one way; after it the connection has to close.
 * @returns undefined for a request that is as RFC 9112 wants it
 */
export function faultOfSyntax(raw: IncomingMessage, { headerFields }: Limits): DomainError | undefined {
  // A request line without a version is from the time before headers.
  if (raw.httpVersionMajor === 0) return invalidPart('request', 'is not well-formed HTTP/1.1')
  // Names and values by turns; Node passes over fields beyond its own limit without a word.
  if (raw.rawHeaders.length > 2 * headerFields)
    return new DomainError('request-header-too-large', 'The request has too many headers.')
  // RFC 9112 section 3.2. Node would refuse a missing one with no body, and take the first of several.
  const hosts = countHosts(raw.rawHeaders)
  if (hosts > 1) return invalidPart('header/host', 'must not be repeated')
  if (raw.httpVersion === '1.1' && !raw.headers.host) return invalidPart('header/host', 'is required')
  return undefined
}

function countHosts(rawHeaders: string[]): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count
}
