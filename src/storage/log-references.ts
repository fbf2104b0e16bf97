/**
 * Which bytes the log's live files name, kept in the unit of work that appends: so it is known at every moment which
 * bytes are missing here, and which are of no use any more. The outcome does not depend on the order of the changes.
 */
import type { Change } from '../change.js'
import type { Reader, Tx } from './database.js'
import { grandQuery } from './grand-tables.js'
import type { Logged } from './log.js'
import { addMissing, isMissing, missingOf, refreshMissing } from './log-missing.js'
import { prepare } from './query.js'

const buryFile = prepare<{ id: string }>()((slot) =>
  grandQuery
    .insertInto('gone_files')
    .values({ id: slot('id') })
    .onConflict((conflict) => conflict.doNothing()),
)
const buryUser = prepare<{ id: string }>()((slot) =>
  grandQuery
    .insertInto('gone_users')
    .values({ id: slot('id') })
    .onConflict((conflict) => conflict.doNothing()),
)
const goneFile = prepare<{ id: string }>()((slot) =>
  grandQuery.selectFrom('gone_files').select('id').where('id', '=', slot('id')),
)
const goneUser = prepare<{ id: string }>()((slot) =>
  grandQuery.selectFrom('gone_users').select('id').where('id', '=', slot('id')),
)
const named = prepare<{ file_id: string }>()((slot) =>
  grandQuery.selectFrom('named_files').select('sha256').where('file_id', '=', slot('file_id')),
)
const unname = prepare<{ file_id: string }>()((slot) =>
  grandQuery.deleteFrom('named_files').where('file_id', '=', slot('file_id')),
)
const name = prepare<{ file_id: string; sha256: string; size: number; owner_id: string; gseq: number }>()(
  (slot) =>
    grandQuery
      .insertInto('named_files')
      .values({
        file_id: slot('file_id'),
        sha256: slot('sha256'),
        size: slot('size'),
        owner_id: slot('owner_id'),
        gseq: slot('gseq'),
      })
      .onConflict((conflict) => conflict.doNothing()),
)

/** Which of the store's blobs no live file of the log names: for its sweep. */
export const unreferencedByLog = prepare<{ before: string; after: string; limit: number }>()((slot) =>
  grandQuery
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
                .selectFrom('named_files')
                .select('file_id')
                .whereRef('named_files.sha256', '=', 'blobs.sha256')
                .where('owner_id', 'not in', eb.selectFrom('gone_users').select('id')),
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

/**
 * Notes what appended changes say of bytes.
 * @param has whether bytes are here
 * @returns hashes of bytes that live files name from now on and that are not here
 */
export function noteReferences(
  tx: Tx,
  logged: Logged[],
  has: (reader: Reader, sha256: string) => boolean,
): string[] {
  const missing: string[] = []
  for (const { gseq, change } of logged) {
    const lacking = note(tx, gseq, change, has)
    if (lacking !== undefined) missing.push(lacking)
  }
  return missing
}

function note(
  tx: Tx,
  gseq: number,
  { type, key, fields }: Change,
  has: (reader: Reader, sha256: string) => boolean,
): string | undefined {
  const deleted = fields.deleted === true
  if (type === 'file.deleted' || (type === 'file.retold' && deleted)) forgetFile(tx, key)
  else if (type === 'user.deleted' || (type === 'user.retold' && deleted)) forgetUser(tx, key)
  else if (type === 'file.uploaded' || type === 'file.retold') {
    if (tx.get(goneFile, { id: key }) !== undefined) return undefined
    const blob = { sha256: String(fields.sha256), size: Number(fields.size), gseq }
    const owner_id = String(fields.owner_id)
    tx.run(name, { file_id: key, owner_id, ...blob })
    if (has(tx, blob.sha256) || tx.get(goneUser, { id: owner_id }) !== undefined) return undefined
    addMissing(tx, blob)
    return blob.sha256
  }
  return undefined
}

function forgetFile(tx: Tx, file_id: string): void {
  tx.run(buryFile, { id: file_id })
  const hashes = tx.all(named, { file_id })
  tx.run(unname, { file_id })
  for (const { sha256 } of hashes) if (isMissing(tx, sha256)) refreshMissing(tx, sha256)
}

function forgetUser(tx: Tx, id: string): void {
  tx.run(buryUser, { id })
  for (const sha256 of missingOf(tx, id)) refreshMissing(tx, sha256)
}
