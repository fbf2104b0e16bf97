import { Json, type JsonText } from '../lib/json.js'
import { invalid } from './errors.js'

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

type SeekKey = readonly (string | number)[]

/** Occurs in no part of a position: names have no control characters. */
const SEPARATOR = '\0'

/** Encodes the seek key of a page's last row as an opaque cursor. With a name of 255 bytes it has some 410 characters. */
function encodeCursor(seekKey: SeekKey): string {
  return Buffer.from(seekKey.join(SEPARATOR)).toString('base64url')
}

/**
 * @param tag of the list: a cursor of another list is invalid
 * @throws DomainError validation-failed
 */
export function decodeCursor(
  cursor: string,
  tag: string,
  types: ('string' | 'number')[],
): (string | number)[] {
  const [first, ...position] = Buffer.from(cursor, 'base64url').toString().split(SEPARATOR)
  const isOfList =
    first === tag &&
    position.length === types.length &&
    types.every((type, index) => type === 'string' || /^\d{1,16}$/.test(position[index] as string))
  if (!isOfList) throw invalid('cursor', 'is not a valid cursor of this list')
  return position.map((value, index) => (types[index] === 'number' ? Number(value) : value))
}

/** Makes a page of up to `limit + 1` rows. */
export function pageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => View,
  seekKey: (row: Row) => SeekKey,
): Page<View> {
  const { shown, next_cursor } = cut(rows, limit, seekKey)
  return { items: shown.map(view), next_cursor }
}

/** As `pageOf`, for rows that are JSON text. @param scanned the seek key at which a bounded scan stopped */
export function jsonPageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => JsonText<View>,
  seekKey: (row: Row) => SeekKey,
  scanned?: SeekKey,
): Json<Page<View>> {
  const { shown, next_cursor } = cut(rows, limit, seekKey, scanned)
  return new Json(`{"items":[${shown.map(view).join(',')}],"next_cursor":${JSON.stringify(next_cursor)}}`)
}

function cut<Row>(rows: Row[], limit: number, seekKey: (row: Row) => SeekKey, scanned?: SeekKey) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? seekKey(last) : scanned
  return { shown, next_cursor: next === undefined ? null : encodeCursor(next) }
}
