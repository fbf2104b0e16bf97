/**
 * SQLite under group commit. Kysely builds the queries, this runs them synchronously on cached prepared statements.
 *
 * Every connection is WAL with synchronous=FULL (better-sqlite3 is compiled to default to NORMAL in WAL, which loses
 * acknowledged commits in a power cut).
 */
import BetterSqlite3 from 'better-sqlite3'
import { reasonOf, UnusablePathError } from '../../lib/storage-fault.js'
import { systemTimers, type Timers } from '../../lib/timers.js'
import { GroupCommit, type Unit } from './group-commit.js'
import { migrate } from './migrate.js'
import { bind } from './parameter.js'
import { ReadSnapshot } from './read-snapshot.js'

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

/** Pages of the log from which on a commit copies them into the file by itself: SQLite's own number, and where somebody else does it. */
const AUTO_CHECKPOINT_PAGES = { alone: 1000, helped: 4000 }

/** Statements after which somebody else is to copy: so few that what is left for the commit above does not take long. */
const STATEMENTS_PER_CHECKPOINT = 250

/** A WAL that has grown beyond it, as under a backup, is cut when it begins anew. */
const MAX_IDLE_WAL_BYTES = 64 * 1024 * 1024

export class Database implements AsyncDisposable, Reader {
  readonly #connection: BetterSqlite3.Database
  readonly #statements = new Map<string, BetterSqlite3.Statement>()
  readonly #snapshot: ReadSnapshot
  readonly #commits: GroupCommit<Tx>

  readonly #onWalGrown: () => void
  #statementsRun = 0

  private constructor(connection: BetterSqlite3.Database, timers: Timers, onGrown = () => {}) {
    this.#connection = connection
    this.#onWalGrown = onGrown
    const snapshot = new ReadSnapshot(connection, timers)
    this.#snapshot = snapshot
    this.#commits = new GroupCommit(
      {
        get inTransaction() {
          return connection.inTransaction && !snapshot.isOpen
        },
        execute: (sql) => {
          snapshot.close()
          this.#execute(sql)
        },
        createTx: (unit) => this.#createTx(unit),
      },
      timers,
    )
  }

  /**
   * Opens (or makes) a database and brings it to the newest migration.
   * @param migrations name of a folder under migrations/
   * @param onGrown called when the log has grown, if another process copies it into the file; else this one waits for that
   * @throws MigrationError when the database is newer than this program; UnusablePath
   */
  static open(path: string, migrations: string, onGrown?: () => void): Database {
    try {
      return new Database(connect(path, migrations, onGrown !== undefined), systemTimers, onGrown)
    } catch (error) {
      throw reasonOf(error) === undefined ? error : new UnusablePathError(path, { cause: error })
    }
  }

  /** Takes over a connection that is migrated and set up already. */
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
   * Runs a unit of work in a transaction and resolves with its result once that is durable. Units that arrive while
   * others are under way share one commit; each has its own savepoint, so that one that throws takes nothing with it.
   * @throws what `work` throws, or SQLite's error when the commit fails; then nothing of the unit is kept
   */
  write<T>(work: (tx: Tx) => T): Promise<T> {
    return this.#commits.add(work)
  }

  /**
   * Runs units one after the other, each in a turn of its own, so that others need not wait for all; resolves when all
   * are durable. They share a commit, which is the cheaper the more there are, until somebody else reads or writes.
   * @throws what one of them throws, or SQLite's error when a commit fails; then what was not durable yet is taken back,
   *   and the rest does not run
   */
  writeSeries(works: ((tx: Tx) => void)[]): Promise<void> {
    return this.#commits.addSeries(works)
  }

  /** A number that changes with every commit of another connection, such as that of another process. */
  readDataVersion(): number {
    // Not as for other reads: nobody else commits while a series is open, and it need not be committed for this.
    this.#snapshot.open()
    const { data_version } = this.#statement('PRAGMA data_version').get() as { data_version: number }
    return data_version
  }

  /** Copies the database, consistent and while it is in use, to a new file. */
  async backup(path: string): Promise<void> {
    await this.#connection.backup(path)
  }

  /** Finishes the units that are waiting, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commits.drain()
    this.#snapshot.close()
    this.#connection.close()
  }

  /** Outside of a unit of work what is read is durable, and of one moment. */
  #beforeReading(): void {
    this.#commits.commitSeries()
    this.#snapshot.open()
  }

  #createTx(unit: Unit<Tx>): Tx {
    return {
      get: (query, ...bindings) => this.#get(query, bindings[0]),
      all: (query, ...bindings) => this.#all(query, bindings[0]),
      run: (query, ...bindings) => this.#run(query.sql, bind(query, bindings[0])),
      attempt: (part) => this.#attempt(unit, part),
      atEnd: (key, last) => unit.finalizers.set(key, last),
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
    this.#statementsRun += 1
    if (this.#statementsRun % STATEMENTS_PER_CHECKPOINT === 0) this.#onWalGrown()
    return this.#statement(sql).run(values).changes
  }

  #attempt<T>(unit: Unit<Tx>, part: () => T): T {
    const effects = unit.effects.length
    this.#execute('SAVEPOINT part')
    try {
      const value = part()
      this.#execute('RELEASE part')
      return value
    } catch (error) {
      unit.effects.length = effects
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

  #statement(sql: string): BetterSqlite3.Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

function connect(path: string, migrations: string, checkpointsElsewhere: boolean): BetterSqlite3.Database {
  const connection = new BetterSqlite3(path, { timeout: 5000 })
  connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma('cache_size = -16000')
  connection.pragma('temp_store = MEMORY')
  const pages = checkpointsElsewhere ? AUTO_CHECKPOINT_PAGES.helped : AUTO_CHECKPOINT_PAGES.alone
  connection.pragma(`wal_autocheckpoint = ${pages}`)
  connection.pragma(`journal_size_limit = ${MAX_IDLE_WAL_BYTES}`)
  migrate(connection, migrations)
  // Another process that writes is waited for by the units of work, not by the loop.
  connection.pragma('busy_timeout = 0')
  return connection
}
