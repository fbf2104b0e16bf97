/** Saves a seventh of the CPU time of `GET /me` (bench row `json`). */
import type BetterSqlite3 from 'better-sqlite3'
import type { Timers } from '../../lib/timers.js'

/**
 * What is read in one turn of the loop is read in one transaction: to begin and end one, for which SQLite locks and
 * unlocks a part of a file, takes longer than most reads. Whoever writes closes it first.
 */
export class ReadSnapshot {
  readonly #connection: BetterSqlite3.Database
  readonly #timers: Timers
  readonly #begin: BetterSqlite3.Statement
  readonly #end: BetterSqlite3.Statement
  #isOpen = false

  constructor(connection: BetterSqlite3.Database, timers: Timers) {
    this.#connection = connection
    this.#timers = timers
    this.#begin = connection.prepare('BEGIN')
    this.#end = connection.prepare('END')
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Opens it until the end of this turn, unless some transaction is open. */
  open(): void {
    if (this.#isOpen || this.#connection.inTransaction) return
    this.#begin.run()
    this.#isOpen = true
    this.#timers.soon(() => this.close())
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    // SQLite ends a transaction by itself on some errors.
    if (this.#connection.inTransaction) this.#end.run()
  }
}
