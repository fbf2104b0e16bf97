/**
 * SQLite under group commit. Kysely builds the queries, this runs them synchronously on cached prepared statements.
 *
 * Every connection is WAL with synchronous=FULL (better-sqlite3 is compiled to default to NORMAL in WAL, which loses
 * acknowledged commits in a power cut).
 */
import BetterSqlite3 from 'better-sqlite3'
import { systemTimers, type Timers } from '../timers.js'
import { migrate } from './migrate.js'
import { bind, type MakeRow, rowMaker } from './query-functions.js'

/** A built query, from `prepare`: made once, with slots for parameters. */
export interface Query<Params, Row> {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly params?: Params
  readonly row?: Row
}

type Bindings<Params> = keyof Params extends never ? [params?: undefined] : [params: Params]

/** Reads committed state, or inside a transaction also its own writes. */
export interface Reader {
  get<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row | undefined
  all<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row[]
}

/** A unit of work's view of the database. Valid only until the unit returns. */
export interface Tx extends Reader {
  /** Runs a statement; returns the number of rows changed. */
  run<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): number
  /** Runs a part of the unit that may fail by itself: what it wrote is taken back, and its error thrown on. */
  attempt<T>(part: () => T): T
  /** Runs `last` when the unit has done everything else; of those given under one key the latest alone. */
  atEnd(key: string, last: () => void): void
  /** Runs `effect` once this unit is durable, before its promise settles. */
  afterCommit(effect: () => void): void
}

/** A statement that gives the values of rows, and what makes rows of them: the package takes much longer for that. */
interface Reading {
  statement: BetterSqlite3.Statement
  makeRow: MakeRow
}

interface Job {
  work: (tx: Tx) => unknown
  last: Map<string, () => void>
  effects: (() => void)[]
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

type Outcome = { job: Job; value: unknown } | { job: Job; error: unknown }

/** Units of work in one transaction at most: bounds how long the loop is held. */
const MAX_BATCH = 512

export class Database implements AsyncDisposable, Reader {
  readonly #connection: BetterSqlite3.Database
  readonly #timers: Timers
  readonly #statements = new Map<string, BetterSqlite3.Statement>()
  readonly #readings = new Map<string, Reading>()
  #queue: Job[] = []
  #scheduled = false
  #idle: (() => void)[] = []

  private constructor(connection: BetterSqlite3.Database, timers: Timers) {
    this.#connection = connection
    this.#timers = timers
  }

  /**
   * Opens (or makes) a database and brings it to the newest migration.
   * @param migrations name of a folder under migrations/
   * @throws MigrationError when the database is newer than this program
   */
  static open(path: string, migrations: string): Database {
    const connection = new BetterSqlite3(path, { timeout: 5000 })
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = FULL')
    connection.pragma('cache_size = -32000')
    connection.pragma('temp_store = MEMORY')
    migrate(connection, migrations)
    return new Database(connection, systemTimers)
  }

  /** Takes over a connection that is migrated and set up already. */
  static on(connection: BetterSqlite3.Database, timers: Timers): Database {
    return new Database(connection, timers)
  }

  get<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row | undefined {
    const { statement, makeRow } = this.#reading(query)
    const values = statement.get(bind(query, bindings[0])) as unknown[] | undefined
    return values === undefined ? undefined : (makeRow(values) as Row)
  }

  all<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row[] {
    const { statement, makeRow } = this.#reading(query)
    const rows = statement.all(bind(query, bindings[0])) as unknown[][]
    return rows.map(makeRow) as Row[]
  }

  /**
   * Runs a unit of work in a transaction and resolves with its result once that is durable. Units that arrive while
   * others are under way share one commit; each has its own savepoint, so that one that throws takes nothing with it.
   * @throws what `work` throws, or SQLite's error when the commit fails; then nothing of the unit is kept
   */
  write<T>(work: (tx: Tx) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, last: new Map(), effects: [], resolve, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      this.#timers.soon(() => this.#flush())
    })
  }

  /** Copies the database, consistent and while it is in use, to a new file. */
  async backup(path: string): Promise<void> {
    await this.#connection.backup(path)
  }

  /** Finishes the units that are waiting, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#scheduled) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#connection.close()
  }

  #flush(): void {
    const batch = this.#queue.splice(0, MAX_BATCH)
    settle(this.#commit(batch))
    this.#scheduled = this.#queue.length > 0
    if (this.#scheduled) this.#timers.soon(() => this.#flush())
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** One transaction for the batch. A failure of the transaction itself is the outcome of every job in it. */
  #commit(batch: Job[]): Outcome[] {
    const outcomes: Outcome[] = []
    try {
      this.#execute('BEGIN IMMEDIATE')
      for (const job of batch) outcomes.push(this.#runJob(job, batch.length === 1))
      this.#execute('COMMIT')
      return outcomes
    } catch (error) {
      if (this.#connection.inTransaction) this.#execute('ROLLBACK')
      return batch.map((job, index) => {
        const outcome = outcomes[index]
        return outcome !== undefined && 'error' in outcome ? outcome : { job, error }
      })
    }
  }

  #runJob(job: Job, alone: boolean): Outcome {
    if (!alone) this.#execute('SAVEPOINT unit')
    try {
      const value = job.work(this.#tx(job))
      if (value instanceof Promise) throw new TypeError('a unit of work must not wait')
      for (const last of job.last.values()) last()
      if (!alone) this.#execute('RELEASE unit')
      return { job, value }
    } catch (error) {
      // SQLite ends the whole transaction by itself on some errors (a full disk): then nobody's work stands.
      if (!this.#connection.inTransaction) throw error
      if (alone) this.#execute('ROLLBACK')
      else this.#execute('ROLLBACK TO unit')
      if (alone) this.#execute('BEGIN IMMEDIATE')
      else this.#execute('RELEASE unit')
      return { job, error }
    }
  }

  #tx(job: Job): Tx {
    return {
      get: (query, ...bindings) => this.get(query, ...bindings),
      all: (query, ...bindings) => this.all(query, ...bindings),
      run: (query, ...bindings) => this.#statement(query.sql).run(bind(query, bindings[0])).changes,
      attempt: (part) => this.#attempt(job, part),
      atEnd: (key, last) => job.last.set(key, last),
      afterCommit: (effect) => job.effects.push(effect),
    }
  }

  #attempt<T>(job: Job, part: () => T): T {
    const effects = job.effects.length
    this.#execute('SAVEPOINT part')
    try {
      const value = part()
      this.#execute('RELEASE part')
      return value
    } catch (error) {
      job.effects.length = effects
      if (this.#connection.inTransaction) {
        this.#execute('ROLLBACK TO part')
        this.#execute('RELEASE part')
      }
      throw error
    }
  }

  #execute(sql: string): void {
    this.#statement(sql).run()
  }

  #reading<Params, Row>(query: Query<Params, Row>): Reading {
    let reading = this.#readings.get(query.sql)
    if (reading === undefined) {
      const statement = this.#connection.prepare(query.sql).raw(true)
      const columns = () => statement.columns().map(({ name }) => name)
      reading = { statement, makeRow: rowMaker(query, columns) }
      this.#readings.set(query.sql, reading)
    }
    return reading
  }

  #statement(sql: string): BetterSqlite3.Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

function settle(outcomes: Outcome[]): void {
  for (const outcome of outcomes) {
    if ('error' in outcome) outcome.job.reject(outcome.error)
    else {
      for (const effect of outcome.job.effects) runEffect(effect)
      outcome.job.resolve(outcome.value as never)
    }
  }
}

/** The unit is durable whatever becomes of its effects: one that throws ends the process, but after all have their answer. */
function runEffect(effect: () => void): void {
  try {
    effect()
  } catch (error) {
    setImmediate(() => {
      throw error
    })
  }
}
