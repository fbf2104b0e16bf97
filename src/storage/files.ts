import type { Selectable } from 'kysely'
import type { Query, Reader, Tx } from './database.js'
import { prepare, query } from './query.js'
import type { FilesTable, Visibility } from './tables.js'

/** A live file of a live account, with its owner's name and whether its bytes are on this server. */
export type FileRow = Selectable<FilesTable> & { owner_username: string; here: number }

export type SortColumn = 'name' | 'created_at' | 'size'

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
  /** Position after which to go on: the last row's value of the sort column, and its id. */
  after?: { value: string | number; id: string } | undefined
  limit: number
}

const SORT = { name: 'files.name_folded', created_at: 'files.created_at', size: 'files.size' } as const

const live = query
  .selectFrom('files')
  .innerJoin('users', 'users.id', 'files.owner_id')
  .leftJoin('blobs', 'blobs.sha256', 'files.sha256')
  .selectAll('files')
  .select(['users.username_shown as owner_username'])
  .select((eb) => eb('blobs.sha256', 'is not', null).$castTo<number>().as('here'))
  .where('files.deleted', '=', 0)
  .where('users.deleted', '=', 0)

const byId = prepare<{ id: string }>()((slot) => live.where('files.id', '=', slot('id')))

/** A page of blobs in order of sha256, each with whether it is old and no live file names it but of deleted accounts. */
export const unreferencedBlobs = prepare<{ before: string; after: string; limit: number }>()((slot) =>
  query
    .selectFrom('blobs')
    .select(['sha256', 'size'])
    .select((eb) => [
      eb('content', 'is', null).$castTo<number>().as('is_file'),
      eb
        .and([
          eb('stored_at', '<', slot('before')),
          eb.not(
            eb.exists(
              eb
                .selectFrom('files')
                .leftJoin('users', 'users.id', 'files.owner_id')
                .select('files.id')
                .whereRef('files.sha256', '=', 'blobs.sha256')
                .where('files.deleted', '=', 0)
                .where((owner) =>
                  owner.or([owner('users.deleted', 'is', null), owner('users.deleted', '=', 0)]),
                ),
            ),
          ),
        ])
        .$castTo<number>()
        .as('unreferenced'),
    ])
    .where('sha256', '>', slot('after'))
    .orderBy('sha256')
    .limit(slot('limit')),
)

const setPosition = prepare<{ id: string; gseq: number }>()((slot) =>
  query
    .updateTable('files')
    .set({ gseq: slot('gseq') })
    .where('id', '=', slot('id'))
    .where('gseq', 'is', null),
)
const isAlive = prepare<{ id: string }>()((slot) =>
  query.selectFrom('files').select('id').where('id', '=', slot('id')).where('deleted', '=', 0),
)
const forgetPositions = prepare()(() =>
  query.updateTable('files').set({ gseq: null }).where('gseq', 'is not', null),
)

export function fileById(reader: Reader, id: string): FileRow | undefined {
  return reader.get(byId, { id })
}

/** One page of an account's files, from its place in an index (keyset, never offset). */
export function listFiles(
  reader: Reader,
  filter: FileFilter,
  { sort, descending, after, limit }: FilePage,
): FileRow[] {
  const listing = listQuery({
    sort,
    descending,
    folder: filter.folder !== undefined,
    contains: filter.contains !== undefined,
    visibility: filter.visibility !== undefined,
    shared: filter.shared ?? false,
    after: after !== undefined,
  })
  const { owner_id, folder = '', contains = '', visibility = '' } = filter
  const { value = '', id = '' } = after ?? {}
  return reader.all(listing, { owner_id, folder, contains, visibility, value, id, limit })
}

/** Which filters a listing has, and its order; each such combination is one query. */
export interface ListShape
  extends Record<'folder' | 'contains' | 'visibility' | 'shared' | 'after', boolean> {
  sort: SortColumn
  descending: boolean
}

interface ListParams {
  owner_id: string
  folder: string
  contains: string
  visibility: string
  value: string | number
  id: string
  limit: number
}

const listings = new Map<string, Query<ListParams, FileRow>>()

/** The query of a listing, built when it is first asked for. */
export function listQuery(shape: ListShape): Query<ListParams, FileRow> {
  const name = JSON.stringify(Object.values(shape))
  const known = listings.get(name)
  if (known !== undefined) return known
  const built = buildListing(shape)
  listings.set(name, built)
  return built
}

function buildListing({ sort, descending, ...filters }: ListShape): Query<ListParams, FileRow> {
  const column = SORT[sort]
  const direction = descending ? 'desc' : 'asc'
  return prepare<ListParams>()((slot) => {
    let rows = live.where('files.owner_id', '=', slot('owner_id'))
    if (filters.folder) rows = rows.where('files.folder', '=', slot('folder'))
    if (filters.visibility) rows = rows.where('files.visibility', '=', slot('visibility') as Visibility)
    if (filters.shared) rows = rows.where('files.visibility', '<>', 'private')
    if (filters.contains) {
      rows = rows.where((eb) =>
        eb(eb.fn<number>('instr', ['files.name_folded', eb.val(slot('contains'))]), '>', 0),
      )
    }
    if (filters.after) {
      const place = [slot('value') as never, slot('id')] as const
      rows = rows.where((eb) =>
        eb(eb.refTuple(column, 'files.id'), descending ? '<' : '>', eb.tuple(...place)),
      )
    }
    return rows.orderBy(column, direction).orderBy('files.id', direction).limit(slot('limit'))
  })
}

/** Notes the first entry of the log that names a file; tells whether the file lives. */
export function setFilePosition(tx: Tx, id: string, gseq: number): boolean {
  tx.run(setPosition, { id, gseq })
  return tx.get(isAlive, { id }) !== undefined
}

/** Positions of another log mean nothing any more. */
export function forgetFilePositions(tx: Tx): void {
  tx.run(forgetPositions)
}
