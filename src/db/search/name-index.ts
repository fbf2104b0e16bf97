/**
 * The name index: SQLite's full-text index of trigrams (migrations/regional/0001-tables.sql). It narrows a search to
 * files whose names have every trigram of a text; the caller compares the names themselves.
 *
 * Names are indexed later than they are written, in batches: indexing each in the transaction of its upload takes several
 * times as long. A trigger removes names that are changed or deleted.
 */
import { hash } from 'node:crypto'
import type { Query, Tx } from '../engine/database.js'
import { Parameter } from '../engine/parameter.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

/** Index pages to merge after each batch: a few milliseconds, and enough to keep up with batches of 200 names. */
const MERGE_PAGES = 32

/** More trigrams narrow a search only slightly further. */
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

// Plain SQL: Kysely supports neither virtual tables nor shifts. INSERT … SELECT would write a segment for each name.
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
 * Indexes at most `limit` names as one segment, and merges some older segments, since a search reads every segment.
 * @returns the number of names indexed
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
 * The FTS5 query for names that may contain a folded text; undefined for a text shorter than a trigram. The trigrams
 * cover the text without overlap: overlapping ones would cost more than they exclude.
 */
export function trigramQuery(folded: string): string | undefined {
  const characters = [...withoutNul(folded)]
  const lastStart = characters.length - 3
  if (lastStart < 0) return undefined
  const trigrams = new Set<string>()
  for (let i = 0; i < characters.length && trigrams.size < MAX_TRIGRAMS; i += 3) {
    const start = Math.min(i, lastStart)
    trigrams.add(characters.slice(start, start + 3).join(''))
  }
  return [...trigrams].map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' ')
}

/**
 * The high bits of an account's name numbers: a search reads only its section, even for a word that is common in other
 * accounts. Two accounts may share a section.
 */
export function sectionOf(owner_id: string): number {
  return hash('sha256', owner_id, 'buffer').readUIntBE(0, 3)
}

/** The tokenizer treats NUL as the end of a text. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', ' ')
}
