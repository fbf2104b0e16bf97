import type { Reader, Tx } from './database.js'
import { grandQuery } from './grand-tables.js'
import { prepare } from './query.js'

export interface MissingAtGrand {
  sha256: string
  size: number
  /** The first entry of the log that names it. */
  gseq: number
}

const insert = prepare<{ sha256: string; size: number; gseq: number }>()((slot) =>
  grandQuery
    .insertInto('missing')
    .values({ sha256: slot('sha256'), size: slot('size'), gseq: slot('gseq') })
    .onConflict((conflict) => conflict.doNothing()),
)
const remove = prepare<{ sha256: string }>()((slot) =>
  grandQuery.deleteFrom('missing').where('sha256', '=', slot('sha256')),
)
const sizes = prepare<{ sha256: string }>()((slot) =>
  grandQuery.selectFrom('missing').select('size').where('sha256', '=', slot('sha256')),
)
const page = prepare<{ sha256: string; limit: number }>()((slot) =>
  grandQuery
    .selectFrom('missing')
    .select('sha256')
    .distinct()
    .where('sha256', '>', slot('sha256'))
    .orderBy('sha256')
    .limit(slot('limit')),
)
const first = prepare()(() => grandQuery.selectFrom('missing').select('gseq').orderBy('gseq').limit(1))
const total = prepare()(() =>
  grandQuery
    .selectFrom('missing')
    .select((eb) => [
      eb.fn.countAll<number>().as('blobs'),
      eb.fn.coalesce(eb.fn.sum<number>('size'), eb.lit(0)).as('bytes'),
    ]),
)
const live = prepare<{ sha256: string }>()((slot) =>
  grandQuery
    .selectFrom('named_files')
    .select((eb) => ['size', eb.fn.min('gseq').as('gseq')])
    .where('sha256', '=', slot('sha256'))
    .where('owner_id', 'not in', (eb) => eb.selectFrom('gone_users').select('id'))
    .groupBy('size'),
)
const ofOwner = prepare<{ owner_id: string }>()((slot) =>
  grandQuery
    .selectFrom('missing')
    .innerJoin('named_files', 'named_files.sha256', 'missing.sha256')
    .select('missing.sha256')
    .distinct()
    .where('named_files.owner_id', '=', slot('owner_id')),
)

export function addMissing(tx: Tx, blob: MissingAtGrand): void {
  tx.run(insert, { ...blob })
}

/** Sizes under which live files name bytes that are missing; none when nobody waits for them. */
export function missingSizes(reader: Reader, sha256: string): number[] {
  return reader.all(sizes, { sha256 }).map(({ size }) => size)
}

export function isMissing(reader: Reader, sha256: string): boolean {
  return reader.get(sizes, { sha256 }) !== undefined
}

/** Hashes of missing bytes, in order, after one of them. */
export function missingHashes(reader: Reader, after: string, limit: number): string[] {
  return reader.all(page, { sha256: after, limit }).map(({ sha256 }) => sha256)
}

/** The first entry of the log whose bytes are not all here; undefined when nothing is missing. */
export function firstMissingEntry(reader: Reader): number | undefined {
  return reader.get(first)?.gseq
}

export function missingTotal(reader: Reader): { blobs: number; bytes: number } {
  const { blobs, bytes } = reader.get(total) ?? { blobs: 0, bytes: 0 }
  return { blobs, bytes: Number(bytes) }
}

/** Missing bytes that files of an owner name. */
export function missingOf(reader: Reader, owner_id: string): string[] {
  return reader.all(ofOwner, { owner_id }).map(({ sha256 }) => sha256)
}

/** Takes down anew who waits for missing bytes, after one of those who did is gone. */
export function refreshMissing(tx: Tx, sha256: string): void {
  tx.run(remove, { sha256 })
  for (const { size, gseq } of tx.all(live, { sha256 })) addMissing(tx, { sha256, size, gseq })
}
