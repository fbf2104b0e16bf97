/** How many blobs there are, which bounds what one round of garbage collection may remove. */
import type { Reader } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { blobQuery } from '../db/tables.js'

const blobCount = prepare()(() =>
  blobQuery.selectFrom('blobs').select((eb) => eb.fn.countAll<number>().as('count')),
)

const nextBlobs = prepare<{ after: string; limit: number }>()((slot) =>
  blobQuery
    .selectFrom(
      blobQuery
        .selectFrom('blobs')
        .select('sha256')
        .where('sha256', '>', slot('after'))
        .orderBy('sha256')
        .limit(slot('limit'))
        .as('some'),
    )
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('sha256').as('last')]),
)

/** How many blobs are here. */
export function countBlobs(reader: Reader): number {
  return reader.get(blobCount)?.count ?? 0
}

/** How many blobs follow one in order, up to a limit, and the last of them; a million at once would take a while. */
export function countNextBlobs(
  reader: Reader,
  after: string,
  limit: number,
): { count: number; last: string } {
  const { count = 0, last = '' } = reader.get(nextBlobs, { after, limit }) ?? {}
  return { count, last }
}

/** Blobs that one round may remove: a tenth of all, so that a mistake elsewhere is noticed before all is gone. */
export function maxBlobsCollected(count: number): number {
  return Math.max(1000, Math.floor(count / 10))
}
