/** Copying what commits have put into write-ahead logs into the files of their databases, for another process. */
import BetterSqlite3 from 'better-sqlite3'

const databases = new Map<string, BetterSqlite3.Database>()

/**
 * Copies as much as it can without making anybody wait (https://sqlite.org/pragma.html#pragma_wal_checkpoint). The database stays
 * open for the next time. A process that is no longer needed has to end without closing it: whoever closes a database last
 * removes its log, by a name that may be another database's by then.
 */
export function checkpoint(path: string): void {
  let database = databases.get(path)
  if (database === undefined) {
    database = new BetterSqlite3(path, { fileMustExist: true })
    database.pragma('synchronous = FULL')
    databases.set(path, database)
  }
  database.pragma('wal_checkpoint(PASSIVE)')
}
