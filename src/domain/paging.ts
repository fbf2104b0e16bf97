import { Json, type JsonText } from '../lib/json.js'
import { invalid } from './errors.js'

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

type Position = readonly (string | number)[]

/** In no value that a position is made of: names have no control characters. */
const SEPARATOR = '\0'

/** An opaque cursor: the position of the last row of a page. With a name of 255 bytes it has some 410 characters. */
function encodeCursor(position: Position): string {
  return Buffer.from(position.join(SEPARATOR)).toString('base64url')
}

/**
 * @param tag what the cursor has to begin with: a cursor of another list is refused
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
  if (!isOfList) throw invalid('cursor', 'is not a cursor of this list')
  return position.map((value, index) => (types[index] === 'number' ? Number(value) : value))
}

/** Cuts rows, read with one more than `limit`, to a page. */
export function pageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => View,
  position: (row: Row) => Position,
): Page<View> {
  const { shown, next_cursor } = cut(rows, limit, position)
  return { items: shown.map(view), next_cursor }
}

/** The same of rows that are JSON already; `scanned` is where to go on if these are not all. */
export function jsonPageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => JsonText<View>,
  position: (row: Row) => Position,
  scanned?: Position,
): Json<Page<View>> {
  const { shown, next_cursor } = cut(rows, limit, position, scanned)
  return new Json(`{"items":[${shown.map(view).join(',')}],"next_cursor":${JSON.stringify(next_cursor)}}`)
}

function cut<Row>(rows: Row[], limit: number, position: (row: Row) => Position, scanned?: Position) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? position(last) : scanned
  return { shown, next_cursor: next === undefined ? null : encodeCursor(next) }
}
