/**
 * The index of names: SQLite's full-text index of trigrams (migrations/regional/0003-names.sql). It narrows a search to
 * files whose names have every trigram of a text; whoever searches compares the names themselves.
 *
 * Names are put into it some time after they are written, many at once: in a transaction of its own a name takes several
 * times as long, and an upload would wait for it. A trigger takes out the names that change or go.
 */
import { hash } from 'node:crypto'
import type { Query, Tx } from './database.js'
import { prepare, query } from './query.js'
import { Slot } from './slot.js'

/** Pages of the index that are merged with each batch: some milliseconds, and enough for batches of 200 names. */
const MERGE_PAGES = 32

/** More trigrams say little more of a text. */
const MAX_TRIGRAMS = 12

/** First of the 65,536 characters of plane 15, which have no meaning. */
const PRIVATE_CHARACTERS = 0xf0000

const unindexed = prepare<{ limit: number }>()((slot) =>
  query
    .selectFrom('files')
    .select(['id', 'owner_id', 'name_folded'])
    .where('owner_id', '>', '')
    .where('deleted', '=', 0)
    .where('name_number', 'is', null)
    .limit(slot('limit')),
)

// Written out: Kysely does not know virtual tables.
const addName: Query<{ owner: string; name: string }, unknown> = {
  sql: 'insert into name_trigrams (owner, name) values (?, ?)',
  parameters: [new Slot('owner'), new Slot('name')],
}
const setNumber: Query<{ id: string }, unknown> = {
  sql: 'update files set name_number = last_insert_rowid() where id = ?',
  parameters: [new Slot('id')],
}
const mergeSegments: Query<{ pages: number }, unknown> = {
  sql: "insert into name_trigrams (name_trigrams, rank) values ('merge', ?)",
  parameters: [new Slot('pages')],
}
/**
 * Puts at most `limit` names into the index, as a segment, and merges older segments a little: a search looks into every one.
 * @returns how many names
 */
export function indexNames(tx: Tx, limit: number): number {
  const files = tx.all(unindexed, { limit })
  for (const { id, owner_id, name_folded } of files) {
    tx.run(addName, { owner: trigramOf(owner_id), name: withoutNul(name_folded) })
    tx.run(setNumber, { id })
  }
  if (files.length > 0) tx.run(mergeSegments, { pages: MERGE_PAGES })
  return files.length
}

/**
 * What to match to find an account's names that may contain a folded text; undefined where that is shorter than a
 * trigram. The trigrams cover the text: more of them would cost more than they keep out.
 */
export function trigramQuery(owner_id: string, folded: string): string | undefined {
  const characters = [...withoutNul(folded)]
  const last = characters.length - 3
  if (last < 0) return undefined
  const trigrams = new Set<string>()
  for (let i = 0; i < last + 3 && trigrams.size < MAX_TRIGRAMS; i += 3) {
    const start = Math.min(i, last)
    trigrams.add(characters.slice(start, start + 3).join(''))
  }
  return [...trigrams, trigramOf(owner_id)].map((word) => `"${word.replaceAll('"', '""')}"`).join(' ')
}

/** Stands for an account, so that a word that is common on the server is not looked for in the files of others. */
function trigramOf(owner_id: string): string {
  const digest = hash('sha256', owner_id, 'buffer')
  return String.fromCodePoint(...[0, 2, 4].map((at) => PRIVATE_CHARACTERS + digest.readUInt16BE(at)))
}

/** The tokenizer takes NUL for the end of a text. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', ' ')
}
