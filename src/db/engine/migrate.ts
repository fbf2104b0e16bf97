import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'
import { PACKAGE_ROOT } from '../../lib/package-root.js'

/** The database was written by a newer program. */
class MigrationError extends Error {}

const ROOT = join(PACKAGE_ROOT, 'migrations')

/**
 * Runs the migrations that the database has not seen, upwards, in one transaction; `user_version` is the number of
 * the last. Files are named `NNNN-what.sql`.
 * @throws MigrationError when the database's number is above the newest file's
 */
export function migrate(connection: BetterSqlite3.Database, folder: string): void {
  const steps = readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => ({ number: Number.parseInt(name, 10), path: join(ROOT, folder, name) }))
    .sort((a, b) => a.number - b.number)
  const newest = steps.at(-1)?.number ?? 0
  connection
    .transaction(() => {
      const current = connection.pragma('user_version', { simple: true }) as number
      if (current > newest) {
        throw new MigrationError(`the database is at migration ${current}, this program knows only ${newest}`)
      }
      for (const step of steps.filter(({ number }) => number > current)) {
        connection.exec(readFileSync(step.path, 'utf8'))
        connection.pragma(`user_version = ${step.number}`)
      }
    })
    .immediate()
}
