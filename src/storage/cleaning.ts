/** What may go after a while. Each statement takes a bounded number of rows, so that nobody waits long behind it. */
import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'
import { buryRow } from './replica.js'

const blobCount = prepare()(() =>
  query.selectFrom('blobs').select((eb) => eb.fn.countAll<number>().as('count')),
)

const someBlobs = prepare<{ after: string; limit: number }>()((slot) =>
  query
    .selectFrom(
      query
        .selectFrom('blobs')
        .select('sha256')
        .where('sha256', '>', slot('after'))
        .orderBy('sha256')
        .limit(slot('limit'))
        .as('some'),
    )
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('sha256').as('last')]),
)

const accounts = prepare<{ after: string; limit: number }>()((slot) =>
  query
    .selectFrom('users')
    .select(['id', 'deleted'])
    .where('id', '>', slot('after'))
    .orderBy('id')
    .limit(slot('limit')),
)
const filesOf = prepare<{ owner_id: string; limit: number }>()((slot) =>
  query
    .selectFrom('files')
    .select('id')
    .where('owner_id', '=', slot('owner_id'))
    .where('deleted', '=', 0)
    .limit(slot('limit')),
)
/** How many blobs are here. */
export function countBlobs(reader: Reader): number {
  return reader.get(blobCount)?.count ?? 0
}

/** How many blobs follow one in order, up to a limit, and the last of them; a million at once would take a while. */
export function countSomeBlobs(
  reader: Reader,
  after: string,
  limit: number,
): { count: number; last: string } {
  const { count = 0, last = '' } = reader.get(someBlobs, { after, limit }) ?? {}
  return { count, last }
}

/**
 * Turns files of deleted accounts, which nobody can reach any more, into tombstones. It follows from merged state and
 * every server does it, so it is no change to pass on; a digest counts such files as deleted before and after.
 * @param after looks at `limit.accounts` accounts that follow this id, and buries at most `limit.files`
 * @returns the account to go on after, and how many files were buried; undefined when there are no more accounts
 */
export function buryOrphans(
  tx: Tx,
  after: string,
  limit: { accounts: number; files: number },
): { last: string; count: number } | undefined {
  const page = tx.all(accounts, { after, limit: limit.accounts })
  let last = after
  let count = 0
  for (const { id, deleted } of page) {
    const orphans = deleted === 1 ? tx.all(filesOf, { owner_id: id, limit: limit.files - count }) : []
    for (const orphan of orphans) buryRow(tx, 'files', orphan.id)
    count += orphans.length
    if (count === limit.files) return { last, count }
    last = id
  }
  return page.length === 0 ? undefined : { last, count }
}

/** Blobs that one round may remove: a tenth of all, so that a mistake elsewhere is noticed before all is gone. */
export function mostBlobsSwept(count: number): number {
  return Math.max(1000, Math.floor(count / 10))
}
