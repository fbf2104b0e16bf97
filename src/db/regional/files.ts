import { type Expression, type InferResult, type RawBuilder, type Selectable, sql } from 'kysely'
import { jsonBuildObject } from 'kysely/helpers/sqlite'
import type { JsonText } from '../../lib/json.js'
import type { Reader } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import type { FilesTable } from '../tables.js'
import { query } from '../tables.js'

/** A live file of a live account in a list: its JSON, and the columns from which its availability follows. */
export type ListedFile = InferResult<ReturnType<typeof listedFilesOf>>[number]

const COLUMNS = [
  ...(['id', 'owner_id', 'name', 'folder', 'size', 'media_type', 'sha256', 'visibility'] as const),
  ...(['created_at', 'modified_at', 'gseq'] as const),
] as const

/** A live file of a live account, with its owner's name, and its blob's hash in `missing` if this server lacks the blob. */
export type FileRow = Pick<Selectable<FilesTable>, (typeof COLUMNS)[number]> & {
  owner_username: string
  missing: string | null
}

/** Live files of active accounts. */
const visibleFiles = query
  .selectFrom('files')
  .innerJoin('users', 'users.id', 'files.owner_id')
  .leftJoin('missing', (join) =>
    join.onRef('missing.sha256', '=', 'files.sha256').onRef('missing.size', '=', 'files.size'),
  )
  .select('missing.sha256 as missing')
  .where('files.deleted', '=', 0)
  .where('users.active', '=', 1)

const selectFileById = prepare<{ id: string }>()((slot) =>
  visibleFiles
    .select(COLUMNS.map((name) => `files.${name}` as const))
    .select('users.username_shown as owner_username')
    .where('files.id', '=', slot('id')),
)

/**
 * Live files of one account, for lists. SQLite writes each file as JSON: reading a page value by value and serialising it
 * would take as long as everything else that a list request does.
 */
export function listedFilesOf(owner_id: string) {
  // An uncorrelated subquery, which SQLite runs once for the whole list.
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

/** SQLite loses the JSON subtype of a subquery's value and would quote it as text. */
function jsonOf<T>(json: Expression<T>): RawBuilder<T> {
  return sql<T>`json(${json})`
}

function textOf<T>(json: RawBuilder<T>): RawBuilder<JsonText<T>> {
  return json.$castTo()
}

export function findFileById(reader: Reader, id: string): FileRow | undefined {
  return reader.get(selectFileById, { id })
}
