import { type Expression, type InferResult, type RawBuilder, type Selectable, sql } from 'kysely'
import { jsonBuildObject } from 'kysely/helpers/sqlite'
import type { JsonText } from '../json.js'
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'
import type { FilesTable } from './tables.js'

/** A live file of a live account in a list: as it is shown, and what tells where its bytes are. */
export type ListedFile = InferResult<ReturnType<typeof listed>>[number]

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
const visible = query
  .selectFrom('files')
  .innerJoin('users', 'users.id', 'files.owner_id')
  .leftJoin('missing', 'missing.sha256', 'files.sha256')
  .select('missing.sha256 as missing')
  .where('files.deleted', '=', 0)
  .where('users.deleted', '=', 0)
  .where('users.disabled', '=', 0)

const byId = prepare<{ id: string }>()((slot) =>
  visible
    .select(COLUMNS.map((name) => `files.${name}` as const))
    .select('users.username_shown as owner_username')
    .where('files.id', '=', slot('id')),
)

/**
 * The same for lists of one account's files. What is shown is JSON when it comes out of the database: the values of a page
 * one by one, and JSON of them, would take as long as all else that a list does.
 */
export function listed(owner_id: string) {
  // A subquery that asks nothing of the row, which SQLite runs once for the whole list.
  const owner = query
    .selectFrom('users')
    .select(({ ref }) => jsonBuildObject({ id: ref('id'), username: ref('username_shown') }).as('owner'))
    .where('id', '=', owner_id)
    .$asScalar()
    .$notNull()
  return visible.select('files.gseq').select(({ ref }) => {
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

/** Notes the first entry of the log that names a file; tells whether the file lives. */
export function setFilePosition(tx: Tx, id: string, gseq: number): boolean {
  tx.run(setPosition, { id, gseq })
  return tx.get(isAlive, { id }) !== undefined
}

/** Positions of another log mean nothing any more. */
export function forgetFilePositions(tx: Tx): void {
  tx.run(forgetPositions)
}
