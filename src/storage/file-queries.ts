/** The queries behind a listing of files: one for each combination of filters, order and way, built when it is first asked for. */
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Query } from './database.js'
import { type ListedFile, listed } from './files.js'
import { prepare, query, type SlotOf } from './query.js'
import type { FilesTable, Tables, Visibility } from './tables.js'

export type SortColumn = 'name' | 'created_at' | 'size'

/** Position of a file in a listing: its value of the sort column, and its id. */
export interface Place {
  value: string | number
  id: string
}

/** Files of an account that an index gives in no order of use: by what their names have, of a folder, or shared. */
export type FileSet = keyof typeof SETS

/** How the files of a page are found: along an index in their order, or by putting a set in order. */
export type Way = 'walk' | FileSet

/** Which filters a listing has, its order and its way. */
export interface ListShape
  extends Record<'folder' | 'contains' | 'visibility' | 'shared' | 'after' | 'until', boolean> {
  sort: SortColumn
  descending: boolean
  way: Way
}

export interface ListParams {
  owner_id: string
  folder: string
  contains: string
  visibility: string
  /** The place after which to go on. */
  value: string | number
  id: string
  /** The last place to look at. */
  until_value: string | number
  until_id: string
  /** Of files whose names are in the index, as a JSON array. */
  numbers: string
  limit: number
  offset: number
}

const COLUMN = { name: 'files.name_folded', created_at: 'files.created_at', size: 'files.size' } as const

const listings = new Map<string, Query<ListParams, ListedFile>>()
const places = new Map<string, Query<ListParams, Place>>()

/** Gives a page of files. */
export function listQuery(shape: ListShape): Query<ListParams, ListedFile> {
  return built(listings, shape, buildListing)
}

/** Gives the place that is `offset` further on along the index. */
export function placeQuery(shape: ListShape): Query<ListParams, Place> {
  return built(places, shape, buildPlace)
}

/** Whether the index in order also gives files that are not asked for. */
export function passesOver({
  sort,
  folder,
  contains,
  visibility,
}: Pick<ListShape, 'sort' | 'folder' | 'contains' | 'visibility'>): boolean {
  return contains || visibility || (folder && sort !== 'name')
}

function built<T>(known: Map<string, T>, shape: ListShape, build: (shape: ListShape) => T): T {
  const name = JSON.stringify(Object.values(shape))
  const query = known.get(name) ?? build(shape)
  known.set(name, query)
  return query
}

/** Where files are passed over the ids are found first, from indexes alone if they have what is asked for. */
function buildListing(shape: ListShape): Query<ListParams, ListedFile> {
  const { way } = shape
  const column = COLUMN[shape.sort]
  const direction = shape.descending ? 'desc' : 'asc'
  return prepare<ListParams>()((slot) => {
    const files = listed(slot('owner_id')).orderBy(column, direction).orderBy('files.id', direction)
    if (way === 'walk' && !passesOver(shape)) {
      return files.where((eb) => eb.and(along(eb, shape, slot))).limit(slot('limit'))
    }
    const some =
      way === 'walk'
        ? filesBy(indexOf(shape)).where((eb) => eb.and(along(eb, shape, slot)))
        : query.selectFrom('files').where((eb) => eb.and(among(eb, way, shape, slot)))
    const page = some
      .select('files.id')
      .where((eb) => eb.and(asked(eb, shape, slot)))
      .orderBy(column, direction)
      .orderBy('files.id', direction)
      .limit(slot('limit'))
    return files.where('files.id', 'in', page)
  })
}

function buildPlace(shape: ListShape): Query<ListParams, Place> {
  const column = COLUMN[shape.sort]
  const direction = shape.descending ? 'desc' : 'asc'
  return prepare<ListParams>()((slot) =>
    filesBy(indexOf(shape))
      .select([`${column} as value`, 'files.id as id'])
      .where((eb) => eb.and(along(eb, shape, slot)))
      .orderBy(column, direction)
      .orderBy('files.id', direction)
      .limit(1)
      .offset(slot('offset')),
  )
}

type Files = ExpressionBuilder<Pick<Tables, 'files'>, 'files'>
type Conditions = Expression<SqlBool>[]

/** What an index in order gives: nothing is passed over. */
function along(eb: Files, shape: ListShape, slot: SlotOf<ListParams>): Conditions {
  const inOrder = [eb('files.owner_id', '=', slot('owner_id')), eb('files.deleted', '=', 0)]
  if (shape.folder && shape.sort === 'name') inOrder.push(eb('files.folder', '=', slot('folder')))
  if (shape.shared) inOrder.push(eb('files.visibility', '<>', 'private'))
  return [...inOrder, ...between(eb, shape, slot)]
}

/** The files of a set. The account is not asked for again: that would offer its indexes, and the set is smaller. */
function among(eb: Files, set: FileSet, shape: ListShape, slot: SlotOf<ListParams>): Conditions {
  return [eb('files.id', 'in', SETS[set](slot)), eb('files.deleted', '=', 0), ...between(eb, shape, slot)]
}

type FileIndex =
  | 'files_by_name'
  | 'files_by_created'
  | 'files_by_size'
  | 'files_by_folder'
  | 'files_shared'
  | 'files_unindexed'

/** Files by one index: left the choice SQLite takes another for some bounds, and passes over the whole account. */
export function filesBy(index: FileIndex) {
  const alias = sql.raw<'files'>(`files indexed by ${index}`)
  return query.selectFrom(sql<FilesTable>`files`.as<'files'>(alias))
}

function indexOf({ sort, folder, shared }: ListShape): FileIndex {
  if (sort === 'name') return folder ? 'files_by_folder' : 'files_by_name'
  if (sort === 'size') return 'files_by_size'
  return shared ? 'files_shared' : 'files_by_created'
}

const ofOwner = (index: FileIndex, slot: SlotOf<ListParams>) =>
  filesBy(index).select('id').where('owner_id', '=', slot('owner_id')).where('deleted', '=', 0)

const SETS = {
  named: (slot: SlotOf<ListParams>) =>
    query
      .selectFrom('files')
      .select('id')
      .where('name_number', 'in', sql<number>`(select value from json_each(${slot('numbers')}))`)
      .where('name_number', 'is not', null)
      .where('deleted', '=', 0)
      .unionAll(ofOwner('files_unindexed', slot).where('name_number', 'is', null)),
  folder: (slot: SlotOf<ListParams>) => ofOwner('files_by_folder', slot).where('folder', '=', slot('folder')),
  shared: (slot: SlotOf<ListParams>) => ofOwner('files_shared', slot).where('visibility', '<>', 'private'),
}

function between(
  eb: Files,
  { sort, descending, after, until }: ListShape,
  slot: SlotOf<ListParams>,
): Conditions {
  const column = COLUMN[sort]
  const conditions: Conditions = []
  if (after) {
    const place = eb.tuple(slot('value') as never, slot('id'))
    conditions.push(eb(eb.refTuple(column, 'files.id'), descending ? '<' : '>', place))
  }
  if (until) {
    const place = eb.tuple(slot('until_value') as never, slot('until_id'))
    conditions.push(eb(eb.refTuple(column, 'files.id'), descending ? '>=' : '<=', place))
  }
  return conditions
}

function asked(eb: Files, shape: ListShape, slot: SlotOf<ListParams>): Conditions {
  const conditions: Conditions = []
  if (shape.folder) conditions.push(eb('files.folder', '=', slot('folder')))
  if (shape.visibility) conditions.push(eb('files.visibility', '=', slot('visibility') as Visibility))
  if (shape.contains) {
    const place = eb.fn<number>('instr', ['files.name_folded', eb.val(slot('contains'))])
    conditions.push(eb(place, '>', 0))
  }
  return conditions
}
