/** Conditional and range requests of RFC 9110, sections 13 and 14. */
import rangeParser from 'range-parser'
import { DomainError } from '../domain/errors.js'

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

export interface ByteRange {
  start: number
  /** Inclusive. */
  end: number
}

/** Whether `If-Match` lets a change of what bears `etag` happen; a missing header does. Strong comparison (8.8.3.2). */
export function passesIfMatch(header: string | undefined, etag: string): boolean {
  return header === undefined || header.trim() === '*' || tags(header).includes(etag)
}

/**
 * Evaluates the preconditions of a GET or HEAD in the order of section 13.2.2.
 * @returns whether the client has the present representation already (304)
 * @throws DomainError precondition-failed
 */
export function isNotModified(headers: Preconditions, { etag, lastModified }: Validators): boolean {
  if (headers['if-match'] !== undefined) {
    if (!passesIfMatch(headers['if-match'], etag)) throw failed()
  } else if (isBefore(headers['if-unmodified-since'], lastModified)) throw failed()
  const none = headers['if-none-match']
  if (none !== undefined)
    return none.trim() === '*' || tags(none).some((tag) => tag.replace(/^W\//, '') === etag)
  const since = dateOf(headers['if-modified-since'])
  return since !== undefined && lastModified.getTime() <= since
}

/**
 * The part of `size` bytes that a GET asks for, or undefined for all of it: several ranges are answered with the
 * whole, as section 14.2 allows, unless they join to one.
 * @throws DomainError range-not-satisfiable
 */
export function requestedRange(
  headers: Preconditions,
  size: number,
  validators: Validators,
): ByteRange | undefined {
  const { range } = headers
  if (range === undefined || !rangeApplies(headers['if-range'], validators)) return undefined
  const ranges = rangeParser(size, range, { combine: true })
  if (ranges === -2) return undefined
  if (ranges === -1) {
    throw new DomainError('range-not-satisfiable', `The file has ${size} bytes.`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  const [first] = ranges
  if (ranges.type !== 'bytes' || first === undefined || ranges.length > 1) return undefined
  return { start: first.start, end: first.end }
}

function rangeApplies(ifRange: string | undefined, { etag, lastModified }: Validators): boolean {
  if (ifRange === undefined) return true
  return ifRange.startsWith('"') ? ifRange === etag : dateOf(ifRange) === lastModified.getTime()
}

function isBefore(header: string | undefined, lastModified: Date): boolean {
  const date = dateOf(header)
  return date !== undefined && date < lastModified.getTime()
}

/** Milliseconds since 1970; undefined for a header that is missing or no date, which is to be ignored. */
function dateOf(header: string | undefined): number | undefined {
  const time = header === undefined ? Number.NaN : Date.parse(header)
  return Number.isNaN(time) ? undefined : time
}

function tags(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}

function failed(): DomainError {
  return new DomainError('precondition-failed', 'The file is not the one that the request names.')
}
