/**
 * Pages of an account's files, each from its place in an index (keyset, never offset).
 *
 * Where a filter passes files over, the index is walked in steps: in many accounts, and for much that is asked for, the
 * first gives the page. What they find tells how long the rest would take. If that is long, some other index is asked
 * which files come into question, and if those are few they are put in order; if they are many, the walk finds enough
 * soon. Between its steps others have their turn, and each file is judged as it is when its step comes to it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Reader } from './database.js'
import {
  type FileSet,
  filesBy,
  type ListParams,
  type ListShape,
  listQuery,
  type Place,
  passesOver,
  placeQuery,
  type SortColumn,
} from './file-queries.js'
import type { ListedFile } from './files.js'
import { filesThatMayContain } from './name-index.js'
import { prepare, query } from './query.js'
import type { Visibility } from './tables.js'

export interface FileFilter {
  owner_id: string
  folder?: string | undefined
  /** Part of the folded name. */
  contains?: string | undefined
  visibility?: Visibility | undefined
  /** Only what the owner shares. */
  shared?: boolean
}

export interface FilePage {
  sort: SortColumn
  descending: boolean
  /** Position after which to go on. */
  after?: Place | undefined
  limit: number
}

export interface Bounds {
  /** Files of the first step. */
  first: number
  /** Files of a later step: where the index alone tells which match, and where the row of each is read. */
  step: { index: number; row: number }
  /** Most files that are put in order. */
  set: number
}

/** Steps of a few milliseconds. */
const BOUNDS: Bounds = { first: 500, step: { index: 5000, row: 500 }, set: 1000 }

/** One page of an account's files. */
export async function listFiles(
  reader: Reader,
  filter: FileFilter,
  page: FilePage,
  bounds = BOUNDS,
): Promise<ListedFile[]> {
  const listing = new Listing(reader, filter, page)
  if (!listing.passesOver) return listing.rows({ after: page.after, limit: page.limit })
  const step = listing.needsRows ? bounds.step.row : bounds.step.index
  const found: ListedFile[] = []
  let { after } = page
  let walked = 0
  // No index has a folder in this order, and most folders are small.
  let isSetTried = filter.folder !== undefined && page.sort !== 'name'
  if (isSetTried) {
    const all = listing.rowsOfSet(bounds.set, page)
    if (all !== undefined) return all
  }
  for (let files = bounds.first; ; files = step) {
    const until = listing.place(after, files)
    found.push(...listing.rows({ after, until, limit: page.limit - found.length }))
    if (until === undefined || found.length === page.limit) return found
    after = until
    walked += files
    const ahead = (walked * (page.limit - found.length)) / found.length
    if (!isSetTried && ahead > 2 * step) {
      isSetTried = true
      const rest = listing.rowsOfSet(bounds.set, { after, limit: page.limit - found.length })
      if (rest !== undefined) return [...found, ...rest]
    }
    await turn()
  }
}

const filesOfFolder = prepare<{ owner_id: string; folder: string; limit: number }>()((slot) =>
  query
    .selectFrom(
      filesBy('files_by_folder')
        .select('owner_id')
        .where('owner_id', '=', slot('owner_id'))
        .where('folder', '=', slot('folder'))
        .where('deleted', '=', 0)
        .limit(slot('limit'))
        .as('some'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count')),
)
const sharedFiles = prepare<{ owner_id: string; limit: number }>()((slot) =>
  query
    .selectFrom(
      filesBy('files_shared')
        .select('owner_id')
        .where('owner_id', '=', slot('owner_id'))
        .where('visibility', '<>', 'private')
        .where('deleted', '=', 0)
        .limit(slot('limit'))
        .as('some'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count')),
)

/** Of which rows a part of a listing is made. */
interface Part {
  after?: Place | undefined
  until?: Place | undefined
  limit: number
}

class Listing {
  readonly #reader: Reader
  readonly #filter: FileFilter
  readonly #page: FilePage

  constructor(reader: Reader, filter: FileFilter, page: FilePage) {
    this.#reader = reader
    this.#filter = filter
    this.#page = page
  }

  /** Whether the index in order also gives files that are not asked for. */
  get passesOver(): boolean {
    return passesOver(this.#shape('walk', { after: undefined, limit: 0 }))
  }

  /** Whether it takes the row to see if a file is asked for. */
  get needsRows(): boolean {
    return this.#page.sort !== 'name' || this.#filter.visibility !== undefined
  }

  /** The next files along the index. */
  rows(part: Part): ListedFile[] {
    return this.#reader.all(listQuery(this.#shape('walk', part)), this.#params(part))
  }

  /** The place that is so many files further on; undefined beyond the end. */
  place(after: Place | undefined, files: number): Place | undefined {
    const part = { after, limit: 1 }
    return this.#reader.get(placeQuery(this.#shape('walk', part)), this.#params(part, { offset: files - 1 }))
  }

  /** The next files out of a set of at most `most` that has all that are asked for; undefined when there is none. */
  rowsOfSet(most: number, part: Part): ListedFile[] | undefined {
    const found = this.#smallSet(most)
    if (found === undefined) return undefined
    return this.#reader.all(listQuery(this.#shape(found.way, part)), this.#params(part, found))
  }

  #smallSet(most: number): { way: FileSet; numbers?: string } | undefined {
    const { owner_id, folder, contains, visibility } = this.#filter
    const bound = { owner_id, limit: most + 1 }
    const isFew = (counted: { count: number } | undefined) => counted !== undefined && counted.count <= most
    if (folder !== undefined && isFew(this.#reader.get(filesOfFolder, { ...bound, folder }))) {
      return { way: 'folder' }
    }
    if (contains !== undefined) {
      const named = filesThatMayContain(this.#reader, owner_id, contains, most)
      if (named !== undefined) return { way: 'named', ...named }
    }
    const isShared = visibility !== undefined && visibility !== 'private'
    return isShared && isFew(this.#reader.get(sharedFiles, bound)) ? { way: 'shared' } : undefined
  }

  #shape(way: ListShape['way'], { after, until }: Part): ListShape {
    const { folder, contains, visibility, shared = false } = this.#filter
    const { sort, descending } = this.#page
    return {
      way,
      sort,
      descending,
      folder: folder !== undefined,
      contains: contains !== undefined,
      visibility: visibility !== undefined,
      shared,
      after: after !== undefined,
      until: until !== undefined,
    }
  }

  #params(
    { after, until, limit }: Part,
    { numbers = '', offset = 0 }: { numbers?: string; offset?: number } = {},
  ): ListParams {
    const { owner_id, folder = '', contains = '', visibility = '' } = this.#filter
    const { value = '', id = '' } = after ?? {}
    const { value: until_value = '', id: until_id = '' } = until ?? {}
    const place = { value, id, until_value, until_id }
    return { owner_id, folder, contains, visibility, ...place, numbers, limit, offset }
  }
}
