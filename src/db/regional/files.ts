import { type Expression, type InferResult, type RawBuilder, type Selectable, sql } from 'kysely'
import { jsonBuildObject } from 'kysely/helpers/sqlite'
import type { JsonText } from '../../lib/json.js'
import type { Reader } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { FilesTable } from '../tables.js'
import { query } from '../tables.js'

/** A live file of a live account in a list: as it is shown, and what tells where its bytes are. */
export type ListedFile = InferResult<ReturnType<typeof listedFilesOf>>[number]

const COLUMNS = [
  ...(['id', 'owner_id', 'name', 'folder', 'size', 'media_type', 'sha256', 'visibility'] as const),
  ...(['created_at', 'modified_at', 'gseq'] as const),
] as const

/** A live file of a live account, with its owner's name and the hash of its bytes if they are missing on this server. */
export type FileRow = Pick<Selectable<FilesTable>, (typeof COLUMNS)[number]> & {
  owner_username: string
  missing: string | null
}

/** What anybody may be shown: live files of accounts that are neither deleted nor disabled. */
const visibleFiles = query
  .selectFrom('files')
  .innerJoin('users', 'users.id', 'files.owner_id')
  .leftJoin('missing', (join) =>
    join.onRef('missing.sha256', '=', 'files.sha256').onRef('missing.size', '=', 'files.size'),
  )
  .select('missing.sha256 as missing')
  .where('files.deleted', '=', 0)
  .where('users.deleted', '=', 0)
  .where('users.disabled', '=', 0)

const selectFileById = prepare<{ id: string }>()((slot) =>
  visibleFiles
    .select(COLUMNS.map((name) => `files.${name}` as const))
    .select('users.username_shown as owner_username')
    .where('files.id', '=', slot('id')),
)

/**
 * The same for lists of one account's files. What is shown is JSON when it comes out of the database: the values of a page
 * one by one, and JSON of them, would take as long as all else that a list does.
 */
export function listedFilesOf(owner_id: string) {
  // A subquery that asks nothing of the row, which SQLite runs once for the whole list.
  const owner = query
    .selectFrom('users')
    .select(({ ref }) => jsonBuildObject({ id: ref('id'), username: ref('username_shown') }).as('owner'))
    .where('id', '=', owner_id)
    .$asScalar()
    .$notNull()
  return visibleFiles.select('files.gseq').select(({ ref }) => {
    const shown = jsonBuildObject({
      id: ref('files.id'),
      owner: jsonOf(owner),
      name: ref('files.name'),
      folder: ref('files.folder'),
      size: ref('files.size'),
      media_type: ref('files.media_type'),
      sha256: ref('files.sha256'),
      visibility: ref('files.visibility'),
      created_at: ref('files.created_at'),
      modified_at: ref('files.modified_at'),
    })
    return textOf(shown).as('shown')
  })
}

/** SQLite forgets of a subquery's value that it is JSON, and would quote it as text. */
function jsonOf<T>(json: Expression<T>): RawBuilder<T> {
  return sql<T>`json(${json})`
}

function textOf<T>(json: RawBuilder<T>): RawBuilder<JsonText<T>> {
  return json.$castTo()
}

export function findFileById(reader: Reader, id: string): FileRow | undefined {
  return reader.get(selectFileById, { id })
}
