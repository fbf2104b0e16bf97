/** Conditional and range requests of RFC 9110, sections 13 and 14. */
import { DomainError } from '../../domain/errors.js'
import { type ByteRange, parseByteRange } from '../../net/byte-range.js'

/** What a request's validators are compared with. */
export interface Validators {
  /** Strong, with its quotes. */
  etag: string
  /** HTTP dates have no milliseconds: whole seconds. */
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
 * Whether `If-Match` lets a change of what bears `etag` happen; a missing header does. Weak comparison, where RFC 9110
 * section 13.1.1 has the strong one: no tag of this server is weak, so one that is has been through a proxy that
 * compresses, and names the same state.
 */
export function allowsChange(ifMatch: string | undefined, etag: string): boolean {
  return ifMatch === undefined || matchesWeakly(ifMatch, etag)
}

/** Whether a list of tags, or `*`, names what bears `etag`. Weak comparison (section 8.8.3.2). */
export function matchesWeakly(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || tags(header).some((tag) => untransformed(tag) === etag)
}

/** Strong comparison: parts of a transformed representation fit no others. */
function matchesStrongly(header: string, etag: string): boolean {
  return header.trim() === '*' || tags(header).includes(etag)
}

/** A tag as this server gave it: proxies that compress make it weak (nginx), or put the coding at its end (Apache). */
function untransformed(tag: string): string {
  return tag.replace(/^W\//, '').replace(/-(?:gzip|br|deflate|zstd)"$/, '"')
}

/**
 * Evaluates the preconditions of a GET or HEAD in the order of section 13.2.2.
 * @returns whether the client has the present representation already (304)
 * @throws DomainError precondition-failed
 */
export function isNotModified(headers: Preconditions, { etag, lastModified }: Validators): boolean {
  if (headers['if-match'] !== undefined) {
    if (!matchesStrongly(headers['if-match'], etag)) throw failed()
  } else if (isBefore(headers['if-unmodified-since'], lastModified)) throw failed()
  if (headers['if-none-match'] !== undefined) return matchesWeakly(headers['if-none-match'], etag)
  const since = dateOf(headers['if-modified-since'])
  return since !== undefined && lastModified.getTime() <= since
}

/**
 * The part of `size` bytes that a GET asks for, or undefined for all of it: what is invalid is ignored, and several
 * ranges that do not join to one get the whole, as section 14.2 allows.
 * @throws DomainError range-not-satisfiable
 */
export function requestedRange(
  headers: Preconditions,
  size: number,
  validators: Validators,
): ByteRange | undefined {
  const { range } = headers
  if (range === undefined || !rangeApplies(headers['if-range'], validators)) return undefined
  const requested = parseByteRange(range, size)
  if (requested === 'unsatisfiable') {
    throw new DomainError('range-not-satisfiable', `The file has ${size} bytes.`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  return requested
}

function rangeApplies(ifRange: string | undefined, { etag, lastModified }: Validators): boolean {
  if (ifRange === undefined) return true
  return ifRange.startsWith('"') ? ifRange === etag : dateOf(ifRange) === lastModified.getTime()
}

function isBefore(header: string | undefined, lastModified: Date): boolean {
  const date = dateOf(header)
  return date !== undefined && date < lastModified.getTime()
}

/** The three forms of section 5.6.7; the last one says no zone and means UTC. */
const HTTP_DATE =
  /^(?:\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/** Milliseconds since 1970; undefined for a header that is missing or no date, which is to be ignored. */
function dateOf(header: string | undefined): number | undefined {
  if (header === undefined || !HTTP_DATE.test(header)) return undefined
  const time = Date.parse(header.endsWith('GMT') ? header : `${header} GMT`)
  return Number.isNaN(time) ? undefined : time
}

function tags(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}

function failed(): DomainError {
  return new DomainError('precondition-failed', 'The file is not the one that the request names.')
}
