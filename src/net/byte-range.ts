/** The Range header of RFC 9110, section 14. */
export interface ByteRange {
  start: number
  /** Inclusive. */
  end: number
}

/**
 * Resolves a Range header against a representation of `size` bytes.
 * @returns undefined if the whole is to be sent: the header is invalid, or asks for several ranges that do not join
 */
export function parseByteRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const specs = rangeSpecs(header)
  if (specs === undefined) return undefined
  const satisfiable = specs
    .filter(({ first, last }) => (first === undefined ? last > 0 : first < size))
    .map(({ first, last }) =>
      first === undefined
        ? { start: Math.max(0, size - last), end: size - 1 }
        : { start: first, end: Math.min(last, size - 1) },
    )
  if (satisfiable.length === 0) return 'unsatisfiable'
  return size === 0 ? undefined : joined(satisfiable)
}

/** `first-last`; without `first`, the last `last` bytes. */
interface RangeSpec {
  first: number | undefined
  last: number
}

/** Parses section 14.1.1's syntax; undefined if it is invalid. */
function rangeSpecs(header: string): RangeSpec[] | undefined {
  const set = /^bytes=(.+)$/i.exec(header.trim())?.[1]
  if (set === undefined) return undefined
  const specs: RangeSpec[] = []
  for (const text of set.split(',').map((part) => part.trim())) {
    const [, from, to] = /^(\d*)-(\d*)$/.exec(text) ?? []
    if (from === undefined || to === undefined || text === '-') return undefined
    const first = from === '' ? undefined : Number(from)
    const last = to === '' ? Number.POSITIVE_INFINITY : Number(to)
    if (first !== undefined && last < first) return undefined
    specs.push({ first, last })
  }
  return specs
}

/** Joins ranges that overlap or touch; undefined if gaps remain. */
function joined(ranges: ByteRange[]): ByteRange | undefined {
  const [head, ...others] = ranges.toSorted((a, b) => a.start - b.start) as [ByteRange, ...ByteRange[]]
  let { end } = head
  for (const range of others) {
    if (range.start > end + 1) return undefined
    end = Math.max(end, range.end)
  }
  return { start: head.start, end }
}
