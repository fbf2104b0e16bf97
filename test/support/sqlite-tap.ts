import BetterSqlite3 from 'better-sqlite3'
import type { Test } from 'tap'

/** Records the statements that the program prepares and runs during one test. */
export interface SqliteTap {
  /** The SQL of every prepared statement. */
  prepared: Set<string>
  /** Runs per statement. */
  runs: Map<string, number>
  /** Connections that prepared a statement, oldest first. */
  connections: BetterSqlite3.Database[]
  /** Makes the next run of a statement fail with a SQLite error code before it has any effect. */
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
