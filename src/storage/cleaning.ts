/** What may go after a while. Each statement takes a bounded number of rows, so that nobody waits long behind it. */
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'

const blobCount = prepare()(() => query.selectFrom('blobs').select((eb) => eb.fn.countAll<number>().as('count')))

/** Live files of deleted accounts, which nobody can reach any more. */
const orphans = prepare<{ limit: number }>()((slot) =>
  query
    .selectFrom('users')
    .innerJoin('files', 'files.owner_id', 'users.id')
    .select('files.id')
    .where('users.deleted', '=', 1)
    .where('files.deleted', '=', 0)
    .limit(slot('limit')),
)
const bury = prepare<{ id: string }>()((slot) =>
  query
    .updateTable('files')
    .set({ deleted: 1, name: '', folder: '', media_type: '', name_folded: '' })
    .where('id', '=', slot('id')),
)

/** How many blobs are here. */
export function countBlobs(reader: Reader): number {
  return reader.get(blobCount)?.count ?? 0
}

/**
 * Turns files of deleted accounts into tombstones. It follows from merged state and every server does it, so it is no
 * change to pass on; a digest counts such files as deleted before and after.
 * @returns how many
 */
export function buryOrphans(tx: Tx, limit: number): number {
  const rows = tx.all(orphans, { limit })
  for (const { id } of rows) tx.run(bury, { id })
  return rows.length
}
