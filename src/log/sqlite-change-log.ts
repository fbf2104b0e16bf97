import { hash } from 'node:crypto'
import { INLINE_BYTES } from '../blobs/blob-writer.js'
import type { Database, Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { grandQuery } from '../db/grand/tables.js'
import { WrongServerError } from '../db/identity.js'
import { type Random, systemRandom } from '../lib/random.js'
import { blobOf, type Change, stampsOf } from '../model/change.js'
import { later, ZERO_STAMP } from '../model/clock.js'
import {
  type Candidate,
  type ChangeLog,
  type Entry,
  LogGapError,
  type Logged,
  NO_HASH,
  type Position,
} from './change-log.js'

const readMeta = prepare<{ key: string }>()((slot) =>
  grandQuery.selectFrom('meta').select('value').where('key', '=', slot('key')),
)
const insertMeta = prepare<{ key: string; value: string }>()((slot) =>
  grandQuery.insertInto('meta').values({ key: slot('key'), value: slot('value') }),
)
const setMeta = prepare<{ key: string; value: string }>()((slot) =>
  grandQuery
    .insertInto('meta')
    .values({ key: slot('key'), value: slot('value') })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: slot('value') })),
)
const last = prepare()(() =>
  grandQuery.selectFrom('log').select(['gseq', 'ghash']).orderBy('gseq', 'desc').limit(1),
)
const hashAt = prepare<{ gseq: number }>()((slot) =>
  grandQuery.selectFrom('log').select('ghash').where('gseq', '=', slot('gseq')),
)
const after = prepare<{ gseq: number; limit: number }>()((slot) =>
  grandQuery
    .selectFrom('log')
    .select(['gseq', 'ghash', 'change', 'origin', 'epoch', 'small_sha256'])
    .where('gseq', '>', slot('gseq'))
    .orderBy('gseq')
    .limit(slot('limit')),
)
const byId = prepare<{ id: string }>()((slot) =>
  grandQuery.selectFrom('log').select('gseq').where('id', '=', slot('id')),
)
const insert = prepare<
  Record<'gseq' | 'oseq', number> &
    Record<'id' | 'origin' | 'epoch' | 'change' | 'ghash', string> & { small_sha256: string | null }
>()((slot) =>
  grandQuery.insertInto('log').values({
    gseq: slot('gseq'),
    id: slot('id'),
    origin: slot('origin'),
    epoch: slot('epoch'),
    oseq: slot('oseq'),
    change: slot('change'),
    ghash: slot('ghash'),
    small_sha256: slot('small_sha256'),
  }),
)
const headOf = prepare<{ origin: string; epoch: string }>()((slot) =>
  grandQuery
    .selectFrom('heads')
    .select(['oseq', 'id'])
    .where('origin', '=', slot('origin'))
    .where('epoch', '=', slot('epoch')),
)
const setHead = prepare<{ origin: string; epoch: string; oseq: number; id: string }>()((slot) =>
  grandQuery
    .insertInto('heads')
    .values({ origin: slot('origin'), epoch: slot('epoch'), oseq: slot('oseq'), id: slot('id') })
    .onConflict((conflict) =>
      conflict.columns(['origin', 'epoch']).doUpdateSet({ oseq: slot('oseq'), id: slot('id') }),
    ),
)

/** The log in the grand server's own database, under its group commit. */
export class SqliteChangeLog implements ChangeLog {
  readonly id: string
  readonly #db: Database
  /** What `head` has read since the last commit: it is asked for at every message. */
  #head: Position | undefined

  private constructor(db: Database, id: string) {
    this.#db = db
    this.id = id
  }

  /**
   * Takes up the log of a database, or begins it.
   * @param server the grand server's name, which is kept with the log
   * @throws WrongServer
   */
  static async open(db: Database, server: string, random: Random = systemRandom): Promise<SqliteChangeLog> {
    const id = db.get(readMeta, { key: 'log_id' })?.value
    if (id === undefined) return new SqliteChangeLog(db, await begin(db, server, random))
    const known = db.get(readMeta, { key: 'server' })?.value
    if (known !== server)
      throw new WrongServerError(`the data belongs to server ${known}, but this server is ${server}`)
    return new SqliteChangeLog(db, id)
  }

  head(): Position {
    this.#head ??= readHead(this.#db)
    return this.#head
  }

  append(candidates: Candidate[], beside: (tx: Tx, logged: Logged[]) => void): Promise<Logged[]> {
    return this.#db.write((tx) => {
      const logged = append(tx, candidates)
      tx.afterCommit(() => {
        this.#head = undefined
      })
      beside(tx, logged)
      return logged
    })
  }

  clock(): string {
    return readClock(this.#db)
  }

  read(gseq: number, limit: number): Entry[] {
    return this.#db.all(after, { gseq, limit })
  }

  hashAt(gseq: number): string | undefined {
    return gseq === 0 ? NO_HASH : this.#db.get(hashAt, { gseq })?.ghash
  }

  lastOf(origin: string, epoch: string): { oseq: number; id: string } | undefined {
    return this.#db.get(headOf, { origin, epoch })
  }
}

async function begin(db: Database, server: string, random: Random): Promise<string> {
  const id = random.bytes(16).toString('hex')
  await db.write((tx) => {
    tx.run(insertMeta, { key: 'log_id', value: id })
    tx.run(insertMeta, { key: 'server', value: server })
  })
  return id
}

function readClock(reader: Reader): string {
  return reader.get(readMeta, { key: 'clock' })?.value ?? ZERO_STAMP
}

function readHead(reader: Reader): Position {
  return reader.get(last) ?? { gseq: 0, ghash: NO_HASH }
}

function append(tx: Tx, candidates: Candidate[]): Logged[] {
  const [first] = candidates
  if (first === undefined) return []
  const { origin, epoch } = first.change
  const logged: Logged[] = []
  let { gseq, ghash } = readHead(tx)
  let clock = readClock(tx)
  let seen = tx.get(headOf, { origin, epoch }) ?? { oseq: 0, id: '' }
  for (const { text, change } of candidates) {
    const { id, oseq } = change
    if (oseq > seen.oseq + 1) throw new LogGapError(`change ${oseq} came, and ${seen.oseq + 1} is the next`)
    if (tx.get(byId, { id }) === undefined) {
      // Acknowledging it unlogged would lose it: whoever sent it took another history for its own.
      if (oseq <= seen.oseq) throw new LogGapError(`another change than ${id} has the place ${oseq}`)
      gseq += 1
      ghash = hash('sha256', ghash + text)
      tx.run(insert, {
        gseq,
        id,
        origin,
        epoch,
        oseq,
        change: text,
        ghash,
        small_sha256: smallBlobOf(change),
      })
      logged.push({ gseq, change })
      clock = stampsOf(change).reduce(later, clock)
    }
    if (oseq > seen.oseq) seen = { oseq, id }
  }
  tx.run(setHead, { origin, epoch, ...seen })
  tx.run(setMeta, { key: 'clock', value: clock })
  return logged
}

function smallBlobOf(change: Change): string | null {
  const blob = blobOf(change)
  return blob !== undefined && blob.size <= INLINE_BYTES ? blob.sha256 : null
}
