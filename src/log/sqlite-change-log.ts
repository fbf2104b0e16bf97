import { hash } from 'node:crypto'
import { INLINE_BYTES } from '../blobs/blob-writer.js'
import type { Database, Reader, Tx } from '../db/engine/database.js'
import { prepare } from '../db/engine/query.js'
import { grandQuery } from '../db/grand/tables.js'
import { WrongServerError } from '../db/identity.js'
import { readClock, readMeta, writeMeta } from '../db/meta.js'
import { DAY_MS } from '../lib/durations.js'
import { type Random, systemRandom } from '../lib/random.js'
import { blobOf, type Change, stampsOf } from '../model/change.js'
import { later } from '../model/clock.js'
import {
  type Candidate,
  type ChangeLog,
  type Entry,
  LogGapError,
  type Logged,
  NO_HASH,
  type Position,
} from './change-log.js'

const selectHead = prepare()(() =>
  grandQuery.selectFrom('log').select(['gseq', 'ghash']).orderBy('gseq', 'desc').limit(1),
)
const hashAt = prepare<{ gseq: number }>()((slot) =>
  grandQuery.selectFrom('log').select('ghash').where('gseq', '=', slot('gseq')),
)
const selectAfter = prepare<{ gseq: number; limit: number }>()((slot) =>
  grandQuery
    .selectFrom('log')
    .select(['gseq', 'ghash', 'logged_at', 'change', 'origin', 'epoch', 'small_sha256'])
    .where('gseq', '>', slot('gseq'))
    .orderBy('gseq')
    .limit(slot('limit')),
)
const selectById = prepare<{ id: string }>()((slot) =>
  grandQuery.selectFrom('log').select('gseq').where('id', '=', slot('id')),
)
const insert = prepare<
  Record<'gseq' | 'oseq' | 'logged_at', number> &
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
    logged_at: slot('logged_at'),
  }),
)
const selectOriginHead = prepare<{ origin: string; epoch: string }>()((slot) =>
  grandQuery
    .selectFrom('heads')
    .select(['oseq', 'id'])
    .where('origin', '=', slot('origin'))
    .where('epoch', '=', slot('epoch')),
)
const upsertOriginHead = prepare<{ origin: string; epoch: string; oseq: number; id: string }>()((slot) =>
  grandQuery
    .insertInto('heads')
    .values({ origin: slot('origin'), epoch: slot('epoch'), oseq: slot('oseq'), id: slot('id') })
    .onConflict((conflict) =>
      conflict.columns(['origin', 'epoch']).doUpdateSet({ oseq: slot('oseq'), id: slot('id') }),
    ),
)

/** The change log in the grand's database, written through its group commit. */
export class SqliteChangeLog implements ChangeLog {
  readonly id: string
  readonly #db: Database
  readonly #now: () => number
  /** Cached until the next append: every message reads the head. */
  #head: Position | undefined

  private constructor(db: Database, id: string, now: () => number) {
    this.#db = db
    this.id = id
    this.#now = now
  }

  /**
   * Opens the log of a database, or creates it.
   * @param server the grand's name, which is stored with the log
   * @throws WrongServerError
   */
  static async open(
    db: Database,
    server: string,
    { random = systemRandom, now = Date.now }: { random?: Random; now?: () => number } = {},
  ): Promise<SqliteChangeLog> {
    const id = readMeta(db, 'log_id')
    if (id === undefined) return new SqliteChangeLog(db, await createLog(db, server, { random, now }), now)
    const storedServer = readMeta(db, 'server')
    if (storedServer !== server)
      throw new WrongServerError(`the data belongs to server ${storedServer}, but this server is ${server}`)
    return new SqliteChangeLog(db, id, now)
  }

  head(): Position {
    this.#head ??= readHead(this.#db)
    return this.#head
  }

  append(candidates: Candidate[], onLogged: (tx: Tx, logged: Logged[]) => void): Promise<Logged[]> {
    return this.#db.write((tx) => {
      const logged = append(tx, candidates, this.#now())
      tx.afterCommit(() => {
        this.#head = undefined
      })
      onLogged(tx, logged)
      return logged
    })
  }

  clock(): string {
    return readClock(this.#db)
  }

  read(gseq: number, limit: number): Entry[] {
    return this.#db.all(selectAfter, { gseq, limit })
  }

  hashAt(gseq: number): string | undefined {
    return gseq === 0 ? NO_HASH : this.#db.get(hashAt, { gseq })?.ghash
  }

  lastOf(origin: string, epoch: string): { oseq: number; id: string } | undefined {
    return this.#db.get(selectOriginHead, { origin, epoch })
  }
}

async function createLog(
  db: Database,
  server: string,
  { random, now }: { random: Random; now: () => number },
): Promise<string> {
  const id = random.bytes(16).toString('hex')
  await db.write((tx) => {
    writeMeta(tx, 'log_id', id)
    writeMeta(tx, 'server', server)
    writeMeta(tx, 'log_began', String(now()))
  })
  return id
}

function readHead(reader: Reader): Position {
  return reader.get(selectHead) ?? { gseq: 0, ghash: NO_HASH }
}

function append(tx: Tx, candidates: Candidate[], nowMs: number): Logged[] {
  const [first] = candidates
  if (first === undefined) return []
  const { origin, epoch } = first.change
  const logged: Logged[] = []
  let { gseq, ghash } = readHead(tx)
  let clock = readClock(tx)
  const times = new LogTimes(tx, nowMs)
  let seen = tx.get(selectOriginHead, { origin, epoch }) ?? { oseq: 0, id: '' }
  for (const { text, change } of candidates) {
    const { id, oseq } = change
    if (oseq > seen.oseq + 1) throw new LogGapError(`received change ${oseq}, expected ${seen.oseq + 1}`)
    if (tx.get(selectById, { id }) === undefined) {
      // Acknowledging it without logging it would lose it: the sender has another history under this epoch.
      if (oseq <= seen.oseq) throw new LogGapError(`another change than ${id} has oseq ${oseq}`)
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
        logged_at: times.timeOf(change),
      })
      logged.push({ gseq, change })
      clock = stampsOf(change).reduce(later, clock)
    }
    if (oseq > seen.oseq) seen = { oseq, id }
  }
  tx.run(upsertOriginHead, { origin, epoch, ...seen })
  writeMeta(tx, 'clock', clock)
  times.save(tx)
  return logged
}

function smallBlobOf(change: Change): string | null {
  const blob = blobOf(change)
  return blob !== undefined && blob.size <= INLINE_BYTES ? blob.sha256 : null
}

/** A log that replaces a lost one believes for this long what snapshot changes report of the former. */
const REFILL_MS = DAY_MS

/** Gives each entry the time at which its change was first logged. Its own times only grow, whatever the clock does. */
class LogTimes {
  readonly #nowMs: number
  readonly #isRefilled: boolean
  #last: number

  constructor(reader: Reader, nowMs: number) {
    this.#nowMs = nowMs
    this.#isRefilled = nowMs - Number(readMeta(reader, 'log_began')) < REFILL_MS
    this.#last = Number(readMeta(reader, 'log_time') ?? 0)
  }

  timeOf({ logged_at }: Change): number {
    // The clock of the grand may be behind that of the former.
    const isReported = logged_at !== undefined && this.#isRefilled && logged_at < this.#nowMs + DAY_MS
    const time = isReported ? logged_at : Math.max(this.#nowMs, this.#last + 1)
    this.#last = Math.max(this.#last, time)
    return time
  }

  save(tx: Tx): void {
    writeMeta(tx, 'log_time', String(this.#last))
  }
}
