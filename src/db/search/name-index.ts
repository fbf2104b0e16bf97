/**
 * The index of names: SQLite's full-text index of trigrams (migrations/regional/0001-tables.sql). It narrows a search to
 * files whose names have every trigram of a text; whoever searches compares the names themselves.
 *
 * Names are put into it some time after they are written, many at once: in a transaction of its own a name takes several
 * times as long, and an upload would wait for it. A trigger takes out the names that change or go.
 */
import { hash } from 'node:crypto'
import type { Query, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

/** Pages of the index that are merged with each batch: some milliseconds, and enough for batches of 200 names. */
const MERGE_PAGES = 32

/** More trigrams say little more of a text. */
const MAX_TRIGRAMS = 12

const selectUnindexed = prepare<{ limit: number }>()((slot) =>
  query
    .selectFrom('files')
    .select(['id', 'owner_id', 'name_folded'])
    .where('owner_id', '>', '')
    .where('deleted', '=', 0)
    .where('name_number', 'is', null)
    .limit(slot('limit')),
)

// Written out: Kysely knows neither virtual tables nor shifts. An INSERT of a SELECT would write each name as a segment.
const insertName: Query<{ section: number; name: string }, unknown> = {
  sql: `insert into name_trigrams (rowid, name) values ((
    select coalesce(max(name_number), +? << 32) + 1 from files
    where name_number between +? << 32 and (+? + 1 << 32) - 1 and name_number is not null and deleted = 0
  ), ?)`,
  parameters: ['section', 'section', 'section', 'name'].map((name) => new Parameter(name)),
}
const updateNameNumber: Query<{ id: string }, unknown> = {
  sql: 'update files set name_number = last_insert_rowid() where id = ?',
  parameters: [new Parameter('id')],
}
const mergeSegments: Query<{ pages: number }, unknown> = {
  sql: "insert into name_trigrams (name_trigrams, rank) values ('merge', ?)",
  parameters: [new Parameter('pages')],
}

/**
 * Puts at most `limit` names into the index, as a segment, and merges older segments a little: a search looks into every one.
 * @returns how many names
 */
export function indexNames(tx: Tx, limit: number): number {
  const files = tx.all(selectUnindexed, { limit })
  for (const { id, owner_id, name_folded } of files) {
    tx.run(insertName, { section: sectionOf(owner_id), name: withoutNul(name_folded) })
    tx.run(updateNameNumber, { id })
  }
  if (files.length > 0) tx.run(mergeSegments, { pages: MERGE_PAGES })
  return files.length
}

/**
 * What to match to find names that may contain a folded text; undefined where that is shorter than a trigram. The
 * trigrams cover the text: more of them would cost more than they keep out.
 */
export function trigramQuery(folded: string): string | undefined {
  const characters = [...withoutNul(folded)]
  const last = characters.length - 3
  if (last < 0) return undefined
  const trigrams = new Set<string>()
  for (let i = 0; i < last + 3 && trigrams.size < MAX_TRIGRAMS; i += 3) {
    const start = Math.min(i, last)
    trigrams.add(characters.slice(start, start + 3).join(''))
  }
  return [...trigrams].map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' ')
}

/**
 * The numbers of an account's names begin with its section, so that a word that is common on the server is not looked for
 * in the files of others. Two accounts may share a section.
 */
export function sectionOf(owner_id: string): number {
  return hash('sha256', owner_id, 'buffer').readUIntBE(0, 3)
}

/** The tokenizer takes NUL for the end of a text. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', ' ')
}
