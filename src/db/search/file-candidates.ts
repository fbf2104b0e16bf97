/** Candidate sets: supersets of the files that a filter matches, from indexes without the order of the list. */
import { sql } from 'kysely'
import type { Reader } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { type FileFilter, filesByIndex } from './file-queries.js'
import { sectionOf, trigramQuery } from './name-index.js'

const selectInFolder = prepare<{ owner_id: string; folder: string; limit: number }>()((slot) =>
  filesByIndex('files_by_folder')
    .select('id')
    .where('owner_id', '=', slot('owner_id'))
    .where('folder', '=', slot('folder'))
    .where('deleted', '=', 0)
    .limit(slot('limit')),
)
const selectShared = prepare<{ owner_id: string; limit: number }>()((slot) =>
  filesByIndex('files_shared')
    .select('id')
    .where('owner_id', '=', slot('owner_id'))
    .where('visibility', '<>', 'private')
    .where('deleted', '=', 0)
    .limit(slot('limit')),
)
/** Files of the account's section whose names have the trigrams, and the account's files that are not indexed yet. */
const selectNamed = prepare<{ owner_id: string; section: number; trigrams: string; limit: number }>()(
  (slot) => {
    const numbers = sql<number>`(select rowid from name_trigrams
    where name_trigrams match ${slot('trigrams')}
    and rowid between ${slot('section')} << 32 and (${slot('section')} + 1 << 32) - 1 limit ${slot('limit')} + 0)`
    return filesByIndex('files_by_name_number')
      .select('id')
      .where('name_number', 'in', numbers)
      .where('name_number', 'is not', null)
      .where('deleted', '=', 0)
      .unionAll(
        filesByIndex('files_unindexed')
          .select('id')
          .where('owner_id', '=', slot('owner_id'))
          .where('name_number', 'is', null)
          .where('deleted', '=', 0),
      )
      .limit(slot('limit'))
  },
)

/** The ids of at most `maxCount` files that include every match of a filter; undefined if every such set is larger. */
export function findCandidates(
  reader: Reader,
  { owner_id, folder, contains, visibility }: FileFilter,
  maxCount: number,
): string[] | undefined {
  const account = { owner_id, limit: maxCount + 1 }
  const trigrams = contains === undefined ? undefined : trigramQuery(contains)
  const sets = [
    () => folder !== undefined && reader.all(selectInFolder, { ...account, folder }),
    () =>
      trigrams !== undefined &&
      reader.all(selectNamed, { ...account, section: sectionOf(owner_id), trigrams }),
    () => visibility !== undefined && visibility !== 'private' && reader.all(selectShared, account),
  ]
  for (const set of sets) {
    const files = set()
    if (files && files.length <= maxCount) return files.map(({ id }) => id)
  }
  return undefined
}
