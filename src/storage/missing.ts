import type { Reader, Tx } from './database.js'
import { prepare, query } from './query.js'

export interface MissingBlob {
  sha256: string
  size: number
}

const insert = prepare<{ sha256: string; size: number; gseq: number }>()((slot) =>
  query
    .insertInto('missing')
    .values({ sha256: slot('sha256'), size: slot('size'), gseq: slot('gseq') })
    .onConflict((conflict) =>
      conflict
        .column('sha256')
        .doUpdateSet({ gseq: slot('gseq') })
        .where((eb) => eb.or([eb('missing.gseq', '=', 0), eb('missing.gseq', '>', eb.ref('excluded.gseq'))])),
    ),
)
const remove = prepare<{ sha256: string }>()((slot) =>
  query.deleteFrom('missing').where('sha256', '=', slot('sha256')),
)
const bySize = prepare<{ size: number; sha256: string; limit: number }>()((slot) =>
  query
    .selectFrom('missing')
    .select(['sha256', 'size'])
    .where((eb) => eb(eb.refTuple('size', 'sha256'), '>', eb.tuple(slot('size'), slot('sha256'))))
    .orderBy('size')
    .orderBy('sha256')
    .limit(slot('limit')),
)
const byPlace = prepare<{ limit: number }>()((slot) =>
  query.selectFrom('missing').select(['sha256', 'size']).orderBy('gseq').limit(slot('limit')),
)
const first = prepare()(() => query.selectFrom('missing').select('gseq').orderBy('gseq').limit(1))
const count = prepare()(() =>
  query.selectFrom('missing').select((eb) => eb.fn.countAll<number>().as('count')),
)
const forget = prepare()(() => query.updateTable('missing').set({ gseq: 0 }))
const sizeOf = prepare<{ sha256: string }>()((slot) =>
  query.selectFrom('missing').select('size').where('sha256', '=', slot('sha256')),
)
// An owner who is not known yet comes later: a log that was filled again may tell files before their owners.
const named = prepare<{ sha256: string }>()((slot) =>
  query
    .selectFrom('files')
    .leftJoin('users', 'users.id', 'files.owner_id')
    .select('files.id')
    .where('files.sha256', '=', slot('sha256'))
    .where('files.deleted', '=', 0)
    .where((eb) => eb.or([eb('users.deleted', 'is', null), eb('users.deleted', '=', 0)]))
    .limit(1),
)

/** Notes that a file's bytes are not here; `gseq`: the entry of the log that named them. */
export function addMissing(tx: Tx, blob: MissingBlob, gseq: number): void {
  tx.run(insert, { gseq, ...blob })
}

/** The size of a blob that is missing here. */
export function missingSize(reader: Reader, sha256: string): number | undefined {
  return reader.get(sizeOf, { sha256 })?.size
}

/** Missing blobs, small ones first, after one of them. */
export function missingAfter(reader: Reader, after: MissingBlob | undefined, limit: number): MissingBlob[] {
  return reader.all(bySize, { size: after?.size ?? -1, sha256: after?.sha256 ?? '', limit })
}

/** Missing blobs, those first that the log named first. */
export function missingLongest(reader: Reader, limit: number): MissingBlob[] {
  return reader.all(byPlace, { limit })
}

export function countMissing(reader: Reader): number {
  return reader.get(count)?.count ?? 0
}

/** The first entry of the log whose bytes are not all here; undefined when nothing is missing. */
export function firstMissing(reader: Reader): number | undefined {
  return reader.get(first)?.gseq
}

/** Positions of another log mean nothing any more. */
export function forgetMissingPositions(tx: Tx): void {
  tx.run(forget)
}

const firstNaming = prepare<{ sha256: string }>()((slot) =>
  query
    .selectFrom('files')
    .select((eb) => eb.fn.min<number | null>('gseq').as('gseq'))
    .where('sha256', '=', slot('sha256'))
    .where('deleted', '=', 0),
)

/** Notes that bytes which were here are not any more; nobody misses those that no live file names. */
export function noteLost(tx: Tx, sha256: string, size: number): void {
  if (isNamed(tx, sha256)) addMissing(tx, { sha256, size }, tx.get(firstNaming, { sha256 })?.gseq ?? 0)
}

/** Of an account that goes or of what is missing, as many as one unit of work may look at. */
const FEW = 5000

const someFilesOf = prepare<{ owner_id: string; limit: number }>()((slot) =>
  query
    .selectFrom(
      query
        .selectFrom('files')
        .select('owner_id')
        .where('owner_id', '=', slot('owner_id'))
        .where('deleted', '=', 0)
        .limit(slot('limit'))
        .as('some'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count')),
)
const someMissing = prepare<{ limit: number }>()((slot) =>
  query
    .selectFrom(query.selectFrom('missing').select('sha256').limit(slot('limit')).as('some'))
    .select((eb) => eb.fn.countAll<number>().as('count')),
)
const allMissing = prepare()(() => query.selectFrom('missing').select('sha256'))
const removeUnnamedOf = prepare<{ owner_id: string }>()((slot) =>
  query
    .deleteFrom('missing')
    .where('sha256', 'in', (inner) =>
      inner
        .selectFrom('files')
        .select('files.sha256')
        .where('files.owner_id', '=', slot('owner_id'))
        .where('files.deleted', '=', 0),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('files')
            .leftJoin('users', 'users.id', 'files.owner_id')
            .select('files.id')
            .whereRef('files.sha256', '=', 'missing.sha256')
            .where('files.deleted', '=', 0)
            .where((owner) => owner.or([owner('users.deleted', 'is', null), owner('users.deleted', '=', 0)])),
        ),
      ),
    ),
)

/** A file has gone: its bytes are not missing any more, unless another one names them. */
export function forgetMissingFile(tx: Tx, sha256: string): void {
  if (!isNamed(tx, sha256)) tx.run(remove, { sha256 })
}

/**
 * An account has gone: bytes that its files alone named are not missing any more. Where both its files and the missing
 * bytes are many, each file's are forgotten when it is buried (cleaning.ts): nobody is to wait for a million.
 */
export function forgetMissingOf(tx: Tx, owner_id: string): void {
  const limit = FEW + 1
  if ((tx.get(someFilesOf, { owner_id, limit })?.count ?? 0) <= FEW) tx.run(removeUnnamedOf, { owner_id })
  else if ((tx.get(someMissing, { limit })?.count ?? 0) <= FEW)
    for (const { sha256 } of tx.all(allMissing)) forgetMissingFile(tx, sha256)
}

/** Whether a live file names these bytes. */
export function isNamed(reader: Reader, sha256: string): boolean {
  return reader.get(named, { sha256 }) !== undefined
}
