/**
 * SQLite with group commit. Kysely builds the queries; this class runs them synchronously on cached prepared statements.
 *
 * Every connection uses WAL with synchronous=FULL: better-sqlite3 defaults to NORMAL in WAL, which loses acknowledged
 * commits in a power cut.
 */
import BetterSqlite3 from 'better-sqlite3'
import { reasonOf, UnusablePathError } from '../../lib/storage-fault.js'
import { systemTimers, type Timers } from '../../lib/timers.js'
import { GroupCommit, type Unit } from './group-commit.js'
import { migrate } from './migrate.js'
import { bind } from './parameter.js'
import { ReadSnapshot } from './read-snapshot.js'

/** A query that `prepare` has built once, with slots for its parameters. */
export interface Query<Params, Row> {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly params?: Params
  readonly row?: Row
}

type Bindings<Params> = keyof Params extends never ? [params?: undefined] : [params: Params]

/** Reads committed state; inside a transaction also the transaction's own writes. */
export interface Reader {
  get<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row | undefined
  all<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row[]
}

/** The database as a unit of work sees it. Valid only until the unit returns. */
export interface Tx extends Reader {
  /** Runs a statement; returns the number of rows changed. */
  run<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): number
  /** Runs work in a savepoint. When it throws, its writes are rolled back and the error is rethrown. */
  attempt<T>(work: () => T): T
  /** Runs `finalizer` at the end of the unit, in its transaction. A later one of the same key replaces an earlier one. */
  atEnd(key: string, finalizer: () => void): void
  /** Runs `effect` once the unit is durable, before its promise resolves. */
  afterCommit(effect: () => void): void
}

/** SQLite truncates a larger WAL, such as one that grew during a backup, when it restarts the WAL. */
const MAX_IDLE_WAL_BYTES = 64 * 1024 * 1024

export class Database implements AsyncDisposable, Reader {
  readonly #connection: BetterSqlite3.Database
  readonly #statements = new Map<string, BetterSqlite3.Statement>()
  readonly #snapshot: ReadSnapshot
  readonly #commits: GroupCommit<Tx>

  private constructor(connection: BetterSqlite3.Database, timers: Timers) {
    this.#connection = connection
    const snapshot = new ReadSnapshot({ connection, timers })
    this.#snapshot = snapshot
    this.#commits = new GroupCommit({
      timers,
      get inTransaction() {
        return connection.inTransaction && !snapshot.isOpen
      },
      execute: (sql) => {
        snapshot.close()
        this.#execute(sql)
      },
      createTx: (unit) => this.#createTx(unit),
    })
  }

  /**
   * Opens or creates a database and migrates it to the newest version.
   * @param migrations name of a folder under migrations/
   * @throws MigrationError when the database is newer than this program
   * @throws UnusablePathError when SQLite cannot use the file
   */
  static open(path: string, migrations: string): Database {
    try {
      return new Database(connect(path, migrations), systemTimers)
    } catch (error) {
      throw reasonOf(error) === undefined ? error : new UnusablePathError(path, { cause: error })
    }
  }

  /** Takes ownership of a connection that is migrated and configured. */
  static fromConnection(connection: BetterSqlite3.Database, timers: Timers): Database {
    return new Database(connection, timers)
  }

  get<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row | undefined {
    this.#beforeReading()
    return this.#get(query, bindings[0])
  }

  all<Params, Row>(query: Query<Params, Row>, ...bindings: Bindings<Params>): Row[] {
    this.#beforeReading()
    return this.#all(query, bindings[0])
  }

  /**
   * Runs a unit of work in a transaction and resolves with its result once that is durable. Units that are queued
   * together share one commit. Each has its own savepoint, so a unit that throws rolls back alone.
   * @throws the error of `work`, or SQLite's error when the commit fails; the unit is rolled back
   */
  write<T>(work: (tx: Tx) => T): Promise<T> {
    return this.#commits.add(work)
  }

  /**
   * Runs units in order, each in an event-loop tick of its own, so that other work is not blocked; resolves when all are
   * durable. They share one commit, which makes each cheaper. A read or write from outside commits the units run so far.
   * @throws the error of a unit, or SQLite's error when a commit fails; uncommitted units are rolled back, and later ones
   *   do not run
   */
  writeSeries(works: ((tx: Tx) => void)[]): Promise<void> {
    return this.#commits.addSeries(works)
  }

  /** A number that changes with every commit of another connection, including those of other processes. */
  readDataVersion(): number {
    // Unlike other reads it does not commit an open series: no other connection can commit meanwhile.
    this.#snapshot.open()
    const { data_version } = this.#statement('PRAGMA data_version').get() as { data_version: number }
    return data_version
  }

  /** Writes a consistent copy of the database to a new file while it is in use. */
  async backup(path: string): Promise<void> {
    await this.#connection.backup(path)
  }

  /** Runs the queued units, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commits.drain()
    this.#snapshot.close()
    this.#connection.close()
  }

  /** Outside of a unit of work, reads see durable state, the same for the whole tick. */
  #beforeReading(): void {
    this.#commits.commitSeries()
    this.#snapshot.open()
  }

  #createTx(unit: Unit<Tx>): Tx {
    return {
      get: (query, ...bindings) => this.#get(query, bindings[0]),
      all: (query, ...bindings) => this.#all(query, bindings[0]),
      run: (query, ...bindings) => this.#run(query.sql, bind(query, bindings[0])),
      attempt: (work) => this.#attempt(unit, work),
      atEnd: (key, finalizer) => unit.finalizers.set(key, finalizer),
      afterCommit: (effect) => unit.effects.push(effect),
    }
  }

  #get<Params, Row>(query: Query<Params, Row>, params: Params | undefined): Row | undefined {
    return this.#statement(query.sql).get(bind(query, params)) as Row | undefined
  }

  #all<Params, Row>(query: Query<Params, Row>, params: Params | undefined): Row[] {
    return this.#statement(query.sql).all(bind(query, params)) as Row[]
  }

  #run(sql: string, values: readonly unknown[]): number {
    return this.#statement(sql).run(values).changes
  }

  #attempt<T>(unit: Unit<Tx>, work: () => T): T {
    const effectCount = unit.effects.length
    this.#execute('SAVEPOINT attempt')
    try {
      const value = work()
      this.#execute('RELEASE attempt')
      return value
    } catch (error) {
      unit.effects.length = effectCount
      if (this.#connection.inTransaction) {
        this.#execute('ROLLBACK TO attempt')
        this.#execute('RELEASE attempt')
      }
      throw error
    }
  }

  #execute(sql: string): void {
    this.#statement(sql).run()
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

function connect(path: string, migrations: string): BetterSqlite3.Database {
  const connection = new BetterSqlite3(path, { timeout: 5000 })
  connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma('cache_size = -16000')
  connection.pragma('temp_store = MEMORY')
  connection.pragma(`journal_size_limit = ${MAX_IDLE_WAL_BYTES}`)
  migrate(connection, migrations)
  // GroupCommit retries while another process writes; SQLite's own wait would block the event loop.
  connection.pragma('busy_timeout = 0')
  return connection
}
