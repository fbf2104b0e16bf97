/**
 * The index of names. Names are put into it some time after they are written, many at once: that takes a quarter of doing
 * it one by one, and an upload waits for none of it. What is not in there yet is looked through. A trigger takes out
 * the names that change or go.
 */
import type { Query, Reader, Tx } from './database.js'
import { gramQuery, gramsOf } from './grams.js'
import { prepare, query } from './query.js'
import { Slot } from './slot.js'

/** Pages of the index that are merged in one step: some milliseconds. */
const MERGE_PAGES = 32

const unindexed = prepare<{ limit: number }>()((slot) =>
  query
    .selectFrom('files')
    .select(['id', 'owner_id', 'name_folded'])
    .where('owner_id', '>', '')
    .where('deleted', '=', 0)
    .where('name_number', 'is', null)
    .limit(slot('limit')),
)
const unindexedOf = prepare<{ owner_id: string; limit: number }>()((slot) =>
  query
    .selectFrom((eb) =>
      eb
        .selectFrom('files')
        .select('owner_id')
        .where('owner_id', '=', slot('owner_id'))
        .where('deleted', '=', 0)
        .where('name_number', 'is', null)
        .limit(slot('limit'))
        .as('some'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count')),
)
const numberOf = prepare<{ owner_id: string }>()((slot) =>
  query.selectFrom('name_owners').select('number').where('owner_id', '=', slot('owner_id')),
)
const takePlaces = prepare<{ owner_id: string; count: number }>()((slot) =>
  query
    .insertInto('name_owners')
    .values({ owner_id: slot('owner_id'), places: slot('count') })
    .onConflict((conflict) =>
      conflict
        .column('owner_id')
        .doUpdateSet((eb) => ({ places: eb('name_owners.places', '+', eb.ref('excluded.places')) })),
    )
    .returning(['number', 'places']),
)

// Written out: Kysely knows neither shifts nor virtual tables. A number can be too large for JavaScript.
const slots = (...names: string[]) => names.map((name) => new Slot(name))
const addGrams: Query<{ number: number; place: number; grams: string }, unknown> = {
  sql: 'insert into name_grams (rowid, grams) values ((? << 32) + ?, ?)',
  parameters: slots('number', 'place', 'grams'),
}
const setNumber: Query<{ number: number; place: number; id: string }, unknown> = {
  sql: 'update files set name_number = (? << 32) + ? where id = ?',
  parameters: slots('number', 'place', 'id'),
}
const mergeParts: Query<{ pages: number }, unknown> = {
  sql: "insert into name_grams (name_grams, rank) values ('merge', ?)",
  parameters: slots('pages'),
}
const changes: Query<Record<never, never>, { count: number }> = {
  sql: 'select total_changes() as count',
  parameters: [],
}
const matching: Query<
  { grams: string; number: number; next: number; limit: number },
  { numbers: string; count: number }
> = {
  sql: `select json_group_array(rowid) as numbers, count(*) as count from (
    select rowid from name_grams where name_grams match ? and rowid >= (? << 32) and rowid < (? << 32) limit ? + 0
  )`,
  parameters: slots('grams', 'number', 'next', 'limit'),
}

/** Puts at most `limit` names into the index; returns how many. */
export function indexNames(tx: Tx, limit: number): number {
  const files = tx.all(unindexed, { limit })
  for (let from = 0; from < files.length; ) {
    const { owner_id } = files[from] as { owner_id: string }
    const owned = files.slice(from).filter((file) => file.owner_id === owner_id)
    const taken = tx.get(takePlaces, { owner_id, count: owned.length }) as { number: number; places: number }
    const first = taken.places - owned.length
    for (const [index, { id, name_folded }] of owned.entries()) {
      const numbered = { number: taken.number, place: first + index }
      tx.run(addGrams, { grams: gramsOf(name_folded), ...numbered })
      tx.run(setNumber, { id, ...numbered })
    }
    from += owned.length
  }
  return files.length
}

/**
 * Merges parts of the index, one for each batch that was put into it, a little: a search looks into every part.
 * @returns whether there was anything to merge
 */
export function mergeNameIndex(tx: Tx): boolean {
  const before = tx.get(changes) as { count: number }
  tx.run(mergeParts, { pages: MERGE_PAGES })
  // So it tells that it has done something (FTS5 documentation, section 6.7).
  return (tx.get(changes) as { count: number }).count - before.count >= 2
}

/**
 * Which of an account's files may have a folded text in their names: `numbers`, as a JSON array, and those that have no
 * number yet. Undefined where the index cannot tell, or where either are more than `limit`.
 */
export function filesThatMayContain(
  reader: Reader,
  owner_id: string,
  folded: string,
  limit: number,
): { numbers: string } | undefined {
  const grams = gramQuery(folded)
  if (grams === undefined) return undefined
  if ((reader.get(unindexedOf, { owner_id, limit: limit + 1 })?.count ?? 0) > limit) return undefined
  const number = reader.get(numberOf, { owner_id })?.number
  if (number === undefined) return { numbers: '[]' }
  const found = reader.get(matching, { grams, number, next: number + 1, limit: limit + 1 })
  return found === undefined || found.count > limit ? undefined : { numbers: found.numbers }
}
