import { DomainError } from './errors.js'

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

/** An opaque cursor: the position of the last row of a page. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
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
  const position = parse(cursor)
  if (
    !Array.isArray(position) ||
    position.length !== types.length + 1 ||
    position[0] !== tag ||
    !types.every((type, index) => typeof position[index + 1] === type)
  ) {
    throw new DomainError('validation-failed', 'The cursor is not one that this list gave.', {
      errors: [{ path: 'query/cursor', message: 'is not a cursor of this list' }],
    })
  }
  return position.slice(1)
}

/** Cuts rows, read with one more than `limit`, to a page. */
export function pageOf<Row, View>(
  rows: Row[],
  limit: number,
  view: (row: Row) => View,
  position: (row: Row) => readonly (string | number)[],
): Page<View> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: shown.map(view), next_cursor: more ? encodeCursor(position(last)) : null }
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}
