import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'
import { PACKAGE_ROOT } from '../../lib/package-root.js'

/** A newer program has written the database. */
class MigrationError extends Error {}

const ROOT = join(PACKAGE_ROOT, 'migrations')

/**
 * Runs the pending migrations in ascending order, in one transaction. `user_version` is the number of the last one;
 * files are named `NNNN-description.sql`.
 * @throws MigrationError when `user_version` is above the number of the newest file
 */
export function migrate(connection: BetterSqlite3.Database, folder: string): void {
  const migrations = readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => ({ number: Number.parseInt(name, 10), path: join(ROOT, folder, name) }))
    .sort((a, b) => a.number - b.number)
  const newest = migrations.at(-1)?.number ?? 0
  connection
    .transaction(() => {
      const current = connection.pragma('user_version', { simple: true }) as number
      if (current > newest) {
        throw new MigrationError(`the database is at migration ${current}, this program knows only ${newest}`)
      }
      for (const { path, number } of migrations.filter(({ number }) => number > current)) {
        connection.exec(readFileSync(path, 'utf8'))
        connection.pragma(`user_version = ${number}`)
      }
    })
    .immediate()
}
