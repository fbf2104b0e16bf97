import BetterSqlite3 from 'better-sqlite3'
import type { Test } from 'tap'

/** Listens to what the program says to SQLite while one test runs. */
export interface SqliteTap {
  /** Every statement that was prepared, once. */
  prepared: Set<string>
  /** How often each statement ran. */
  runs: Map<string, number>
  /** The connections that prepared something, oldest first. */
  connections: BetterSqlite3.Database[]
  /** Makes the next run of a statement fail like SQLite would, before it does anything. */
  failNext(sql: string, code: string): void
}

export function tapSqlite(t: Test): SqliteTap {
  const { prototype } = BetterSqlite3
  const { prepare } = prototype
  const failures = new Map<string, string>()
  const tap: SqliteTap = {
    prepared: new Set(),
    runs: new Map(),
    connections: [],
    failNext: (sql, code) => void failures.set(sql, code),
  }
  prototype.prepare = function (this: BetterSqlite3.Database, sql: string) {
    const statement = prepare.call(this, sql)
    tap.prepared.add(sql)
    if (!tap.connections.includes(this)) tap.connections.push(this)
    const run = statement.run.bind(statement) as (...params: unknown[]) => BetterSqlite3.RunResult
    statement.run = (...params: unknown[]) => {
      const code = failures.get(sql)
      failures.delete(sql)
      if (code !== undefined) throw Object.assign(new Error(code), { code })
      tap.runs.set(sql, (tap.runs.get(sql) ?? 0) + 1)
      return run(...params)
    }
    return statement
  } as typeof prepare
  t.teardown(() => {
    prototype.prepare = prepare
  })
  return tap
}
