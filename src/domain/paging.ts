import { Json, type JsonText } from '../lib/json.js'
import { validationError } from './errors.js'

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

/** The seek key of a row in its list. */
type SeekKey = readonly (string | number)[]

/** Occurs in no part of a seek key, since names have no control characters. */
const SEPARATOR = '\0'

/** Encodes the seek key of a page's last row as an opaque cursor: some 410 characters for a name of 255 bytes. */
function encodeCursor(seekKey: SeekKey): string {
  return Buffer.from(seekKey.join(SEPARATOR)).toString('base64url')
}

/**
 * Decodes a cursor to its seek key, without the tag.
 * @param tag identifies the list; a cursor of another list is rejected
 * @throws DomainError validation-failed
 */
export function decodeCursor(
  cursor: string,
  tag: string,
  types: ('string' | 'number')[],
): (string | number)[] {
  const [first, ...seekKey] = Buffer.from(cursor, 'base64url').toString().split(SEPARATOR)
  const isValid =
    first === tag &&
    seekKey.length === types.length &&
    types.every((type, index) => type === 'string' || /^\d{1,16}$/.test(seekKey[index] as string))
  if (!isValid) throw validationError('cursor', 'is not a valid cursor of this list')
  return seekKey.map((value, index) => (types[index] === 'number' ? Number(value) : value))
}

/** Builds a page from rows that were selected with `limit + 1`. */
export function pageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => View,
  seekKeyOf: (row: Row) => SeekKey,
): Page<View> {
  const { shown, next_cursor } = slicePage(rows, limit, seekKeyOf)
  return { items: shown.map(view), next_cursor }
}

/** The same for rows that are serialised already. @param scanned seek key to resume at, if a scan ended before the page was full */
export function jsonPageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => JsonText<View>,
  seekKeyOf: (row: Row) => SeekKey,
  scanned?: SeekKey,
): Json<Page<View>> {
  const { shown, next_cursor } = slicePage(rows, limit, seekKeyOf, scanned)
  return new Json(`{"items":[${shown.map(view).join(',')}],"next_cursor":${JSON.stringify(next_cursor)}}`)
}

function slicePage<Row>(rows: Row[], limit: number, seekKeyOf: (row: Row) => SeekKey, scanned?: SeekKey) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? seekKeyOf(last) : scanned
  return { shown, next_cursor: next === undefined ? null : encodeCursor(next) }
}
