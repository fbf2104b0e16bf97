/** The queries of file lists: one for each plan, order and combination of filters, built at first use. */
import { type Expression, type ExpressionBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Visibility } from '../../model/tables.js'
import type { Query } from '../engine/database.js'
import { prepare, type SlotFactory } from '../engine/query.js'
import { type ListedFile, listedFilesOf } from '../regional/files.js'
import type { FilesTable, Tables } from '../tables.js'
import { query } from '../tables.js'

export interface FileFilter {
  owner_id: string
  folder?: string | undefined
  /** A substring of the folded name. */
  contains?: string | undefined
  visibility?: Visibility | undefined
  /** Only files that are not private. */
  shared?: boolean
}

export type SortColumn = 'name' | 'created_at' | 'size'

/** A file's position in a list: its value of the sort column, and its id. */
export interface SeekKey {
  value: string | number
  id: string
}

/**
 * How a page is found. `seek`: reads it from an ordered index, without a filter. `scan`: filters the next files of an
 * ordered index. `candidates`: filters and sorts a set of ids.
 */
export type Plan = 'seek' | 'scan' | 'candidates'

/** The filters of a list, its order, and whether it starts after a seek key. */
export interface ListShape
  extends Record<'folder' | 'contains' | 'visibility' | 'shared' | 'after', boolean> {
  sort: SortColumn
  descending: boolean
}

export interface ListParams {
  owner_id: string
  folder: string
  contains: string
  visibility: string
  /** The seek key after which the page starts. */
  value: string | number
  id: string
  /** As a JSON array. */
  candidates: string
  /** The maximum number of files to scan. */
  scanned: number
  limit: number
}

const SORT_COLUMN = { name: 'files.name_folded', created_at: 'files.created_at', size: 'files.size' } as const

const builtQueries = new Map<string, Query<ListParams, never>>()

/** Selects a page of files. */
export function listQuery(plan: Plan, shape: ListShape): Query<ListParams, ListedFile> {
  return cached(plan, shape, () =>
    prepare<ListParams>()((slot) => {
      const files = inOrder(listedFilesOf(slot('owner_id')), shape)
      if (plan === 'seek') return files.where((eb) => eb.and(range(eb, shape, slot))).limit(slot('limit'))
      const found = plan === 'scan' ? scan(shape, slot) : candidates(shape, slot)
      const page = inOrder(found.select('files.id'), shape)
        .where((eb) => eb.and(filters(eb, shape, slot)))
        .limit(slot('limit'))
      return files.where('files.id', 'in', page)
    }),
  )
}

/** Selects the last file that a scan reads; no row if fewer files remain. Its name is not folded. */
export function scanEndQuery(shape: ListShape): Query<ListParams, SeekKey> {
  return cached('end', shape, () =>
    prepare<ListParams>()((slot) => {
      const last = inOrder(filesByIndex(indexOf(shape)).select('files.id'), shape)
        .where((eb) => eb.and(range(eb, shape, slot)))
        .limit(1)
        .offset(sql<number>`${slot('scanned')} - 1`)
      return query
        .selectFrom('files')
        .select([`${shape.sort} as value`, 'id'])
        .where('id', '=', last)
    }),
  )
}

/** Whether the ordered index contains files that do not match, so that a filter is needed. */
export function isFiltered({ sort, folder, contains, visibility }: ListShape): boolean {
  return contains || visibility || (folder && sort !== 'name')
}

/** Whether the ordered index contains every column that the filters read. */
export function isCoveredByIndex({ sort, visibility }: ListShape): boolean {
  return sort === 'name' && !visibility
}

function cached<Row>(kind: string, shape: ListShape, build: () => Query<ListParams, Row>) {
  const name = JSON.stringify([kind, ...Object.values(shape)])
  const query = (builtQueries.get(name) as Query<ListParams, Row> | undefined) ?? build()
  builtQueries.set(name, query as Query<ListParams, never>)
  return query
}

type FileIndex =
  | 'files_by_name'
  | 'files_by_created'
  | 'files_by_size'
  | 'files_by_folder'
  | 'files_by_name_number'
  | 'files_shared'
  | 'files_unindexed'

/** Files by a given index. SQLite would choose another index for some bounds, and read the whole account. */
export function filesByIndex(index: FileIndex) {
  const alias = sql.raw<'files'>(`files indexed by ${index}`)
  return query.selectFrom(sql<FilesTable>`files`.as<'files'>(alias))
}

function indexOf({ sort, folder, shared }: ListShape): FileIndex {
  if (sort === 'name') return folder ? 'files_by_folder' : 'files_by_name'
  if (sort === 'size') return 'files_by_size'
  return shared ? 'files_shared' : 'files_by_created'
}

/** The next files of an index. SQLite knows that they are sorted, and stops when the page is full. */
function scan(shape: ListShape, slot: SlotFactory<ListParams>) {
  const next = inOrder(filesByIndex(indexOf(shape)), shape)
    .select(['files.id', SORT_COLUMN[shape.sort]])
    .$if(shape.contains && shape.sort !== 'name', (files) => files.select('files.name_folded'))
    .$if(shape.folder, (files) => files.select('files.folder'))
    .$if(shape.visibility, (files) => files.select('files.visibility'))
    .where((eb) => eb.and(range(eb, shape, slot)))
    .limit(slot('scanned'))
  return query.selectFrom(next.as('files')) as unknown as ReturnType<typeof filesByIndex>
}

/** Candidates by id. The cross join keeps SQLite from using an index of the account instead. */
function candidates(shape: ListShape, slot: SlotFactory<ListParams>) {
  return query
    .selectFrom(sql<{ value: string }>`json_each(${slot('candidates')})`.as('candidate'))
    .crossJoin('files')
    .whereRef('files.id', '=', 'candidate.value')
    .where((eb) => eb.and(range(eb as unknown as Files, shape, slot))) as unknown as ReturnType<
    typeof filesByIndex
  >
}

type Files = ExpressionBuilder<Pick<Tables, 'files'>, 'files'>
type Conditions = Expression<SqlBool>[]

function inOrder<DB extends Pick<Tables, 'files'>, Row>(
  files: SelectQueryBuilder<DB, 'files', Row>,
  { sort, descending }: ListShape,
) {
  const direction = descending ? 'desc' : 'asc'
  return files.orderBy(sql.ref(SORT_COLUMN[sort]), direction).orderBy(sql.ref('files.id'), direction)
}

/** Conditions that the ordered index satisfies by itself. */
function range(eb: Files, shape: ListShape, slot: SlotFactory<ListParams>): Conditions {
  const conditions = [eb('files.owner_id', '=', slot('owner_id')), eb('files.deleted', '=', 0)]
  if (shape.folder && shape.sort === 'name') conditions.push(eb('files.folder', '=', slot('folder')))
  if (shape.shared) conditions.push(eb('files.visibility', '<>', 'private'))
  if (shape.after) {
    const seekKey = eb.tuple(slot('value') as never, slot('id'))
    conditions.push(
      eb(eb.refTuple(SORT_COLUMN[shape.sort], 'files.id'), shape.descending ? '<' : '>', seekKey),
    )
  }
  return conditions
}

function filters(eb: Files, shape: ListShape, slot: SlotFactory<ListParams>): Conditions {
  const conditions: Conditions = []
  if (shape.folder) conditions.push(eb('files.folder', '=', slot('folder')))
  if (shape.visibility) conditions.push(eb('files.visibility', '=', slot('visibility') as Visibility))
  if (shape.contains) {
    const position = eb.fn<number>('instr', ['files.name_folded', eb.val(slot('contains'))])
    conditions.push(eb(position, '>', 0))
  }
  return conditions
}
