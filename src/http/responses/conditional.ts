/** Conditional and range requests of RFC 9110, sections 13 and 14. */
import { DomainError } from '../../domain/errors.js'
import { type ByteRange, parseByteRange } from '../../net/byte-range.js'

/** The validators of the current representation. */
export interface Validators {
  /** Strong, with its quotes. */
  etag: string
  /** In whole seconds, the resolution of HTTP dates. */
  lastModified: Date
}

export interface Preconditions {
  'if-match'?: string | undefined
  'if-none-match'?: string | undefined
  'if-modified-since'?: string | undefined
  'if-unmodified-since'?: string | undefined
  'if-range'?: string | undefined
  range?: string | undefined
}

/**
 * Whether `If-Match` allows a change of the representation with `etag`; a missing header does. RFC 9110 section 13.1.1 asks
 * for strong comparison. This server makes no weak tags, so a weak one comes from a compressing proxy and names the same
 * state.
 */
export function allowsChange(ifMatch: string | undefined, etag: string): boolean {
  return ifMatch === undefined || matchesWeakly(ifMatch, etag)
}

/** Whether a list of tags, or `*`, matches `etag`. Weak comparison (section 8.8.3.2). */
export function matchesWeakly(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || entityTags(header).some((tag) => originalTag(tag) === etag)
}

/** Strong comparison (section 8.8.3.2): ranges of different encodings must not be combined. */
function matchesStrongly(header: string, etag: string): boolean {
  return header.trim() === '*' || entityTags(header).includes(etag)
}

/** The tag as this server sent it. Compressing proxies make it weak (nginx) or append the coding (Apache). */
function originalTag(tag: string): string {
  return tag.replace(/^W\//, '').replace(/-(?:gzip|br|deflate|zstd)"$/, '"')
}

/**
 * Evaluates the preconditions of a GET or HEAD in the order of section 13.2.2.
 * @returns whether the client has the current representation already (304)
 * @throws DomainError precondition-failed
 */
export function isNotModified(headers: Preconditions, { etag, lastModified }: Validators): boolean {
  if (headers['if-match'] !== undefined) {
    if (!matchesStrongly(headers['if-match'], etag)) throw preconditionFailed()
  } else if (wasModifiedSince(headers['if-unmodified-since'], lastModified)) throw preconditionFailed()
  if (headers['if-none-match'] !== undefined) return matchesWeakly(headers['if-none-match'], etag)
  const since = parseHttpDate(headers['if-modified-since'])
  return since !== undefined && lastModified.getTime() <= since
}

/**
 * The byte range that a GET requests, or undefined for the whole of `size` bytes. Ignores an invalid header, and several
 * ranges that do not coalesce into one, as section 14.2 allows.
 * @throws DomainError range-not-satisfiable
 */
export function requestedRange(
  headers: Preconditions,
  size: number,
  validators: Validators,
): ByteRange | undefined {
  const { range } = headers
  if (range === undefined || !ifRangeMatches(headers['if-range'], validators)) return undefined
  const requested = parseByteRange(range, size)
  if (requested === 'unsatisfiable') {
    throw new DomainError('range-not-satisfiable', `The file has ${size} bytes.`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  return requested
}

function ifRangeMatches(ifRange: string | undefined, { etag, lastModified }: Validators): boolean {
  if (ifRange === undefined) return true
  return ifRange.startsWith('"') ? ifRange === etag : parseHttpDate(ifRange) === lastModified.getTime()
}

function wasModifiedSince(header: string | undefined, lastModified: Date): boolean {
  const date = parseHttpDate(header)
  return date !== undefined && date < lastModified.getTime()
}

/** The three formats of section 5.6.7. The last has no time zone and means UTC. */
const HTTP_DATE =
  /^(?:\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/** @returns milliseconds since 1970, or undefined for a missing or invalid date, which the caller ignores */
function parseHttpDate(header: string | undefined): number | undefined {
  if (header === undefined || !HTTP_DATE.test(header)) return undefined
  const time = Date.parse(header.endsWith('GMT') ? header : `${header} GMT`)
  return Number.isNaN(time) ? undefined : time
}

function entityTags(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}

function preconditionFailed(): DomainError {
  return new DomainError('precondition-failed', 'The content does not match If-Match or If-Unmodified-Since.')
}
