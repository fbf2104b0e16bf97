/**
 * Pages of an account's files, each from its seek key in an index (keyset, never offset). Where a filter keeps files out,
 * three plans are tried. A search begins with a short scan of the index in order: all that most accounts and common words
 * need. Then few candidates from another index are put in order. Many lead to a long scan.
 *
 * A scan that ends before the page is full says where, and the next request goes on from there: so one request does a
 * bounded amount of work, however large the account.
 */
import type { Reader } from '../engine/database.js'
import type { ListedFile } from '../regional/files.js'
import { findCandidates } from './file-candidates.js'
import {
  type FileFilter,
  isCoveredByIndex,
  isFiltered,
  type ListParams,
  type ListShape,
  listQuery,
  type SeekKey,
  type SortColumn,
  scanEndQuery,
} from './file-queries.js'

export interface FilePage {
  sort: SortColumn
  descending: boolean
  /** After which file to go on; a name is folded. */
  after?: SeekKey | undefined
  limit: number
}

export interface FoundFiles {
  rows: ListedFile[]
  /** The last file that was looked at where a scan ended early; a name is as it is. */
  scannedTo?: SeekKey | undefined
}

/** How many files one request looks at. */
export interface Bounds {
  shortScan: number
  /** Where an index alone tells which files match, and where the row of each is read. */
  longScan: { index: number; row: number }
  /** Most files that are put in order. */
  candidates: number
}

/** A long scan takes two to four milliseconds, all else less. */
const BOUNDS: Bounds = { shortScan: 500, longScan: { index: 10_000, row: 2000 }, candidates: 500 }

/** One page of an account's files, or a part of one. */
export function listFiles(
  reader: Reader,
  filter: FileFilter,
  page: FilePage,
  bounds: Bounds = BOUNDS,
): FoundFiles {
  const shape = shapeOf(filter, page)
  // A query has slots for what its shape has.
  const params = { ...filter, ...page.after, limit: page.limit } as ListParams
  if (!isFiltered(shape)) return { rows: reader.all(listQuery('seek', shape), params) }
  if (shape.contains) {
    const found = scan(reader, shape, { ...params, scanned: bounds.shortScan })
    if (found.scannedTo === undefined) return found
  }
  const ids = findCandidates(reader, filter, bounds.candidates)
  if (ids !== undefined) {
    const candidates = JSON.stringify(ids)
    return { rows: reader.all(listQuery('candidates', shape), { ...params, candidates }) }
  }
  const { index, row } = bounds.longScan
  return scan(reader, shape, { ...params, scanned: isCoveredByIndex(shape) ? index : row })
}

function scan(reader: Reader, shape: ListShape, params: ListParams): FoundFiles {
  const rows = reader.all(listQuery('scan', shape), params)
  if (rows.length === params.limit) return { rows }
  return { rows, scannedTo: reader.get(scanEndQuery(shape), params) }
}

function shapeOf({ folder, contains, visibility, shared }: FileFilter, page: FilePage): ListShape {
  return {
    sort: page.sort,
    descending: page.descending,
    folder: folder !== undefined,
    contains: contains !== undefined,
    visibility: visibility !== undefined,
    shared: shared === true,
    after: page.after !== undefined,
  }
}
