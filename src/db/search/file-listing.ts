/**
 * Pages of an account's files by keyset pagination: each page starts at a seek key in an index. With a filter, three
 * steps are tried. A search starts with a short scan of the ordered index, enough for most accounts and common words.
 * Next, a small candidate set from another index is filtered and sorted. If it is too large, a long scan follows.
 *
 * A scan that ends before the page is full returns its last file, and the next request continues there. So a request
 * does a bounded amount of work, however large the account.
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
  /** The seek key after which the page starts; a name is folded. */
  after?: SeekKey | undefined
  limit: number
}

export interface FoundFiles {
  rows: ListedFile[]
  /** The last scanned file, if a scan ended before the page was full; a name is not folded. */
  scannedTo?: SeekKey | undefined
}

/** The maximum number of files that one request reads. */
export interface Bounds {
  shortScan: number
  /** `index`: the index alone decides which files match. `row`: the row of each file is read. */
  longScan: { index: number; row: number }
  /** The maximum number of files to sort. */
  candidates: number
}

/** A long scan takes two to four milliseconds, every other step less. */
const BOUNDS: Bounds = { shortScan: 500, longScan: { index: 10_000, row: 2000 }, candidates: 500 }

/** One page of an account's files, or fewer when a scan reaches its bound. */
export function listFiles(
  reader: Reader,
  filter: FileFilter,
  page: FilePage,
  bounds: Bounds = BOUNDS,
): FoundFiles {
  const shape = shapeOf(filter, page)
  // Only parameters of the shape have slots in its query.
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
