/** Copying what commits have put into write-ahead logs into the files of their databases, for another process. */
import { fdatasyncSync, openSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'

interface OpenDatabase {
  connection: BetterSqlite3.Database
  /** Descriptor of the database's file. To close it would let go of the locks that the connection has. */
  file: number
}

const openDatabases = new Map<string, OpenDatabase>()

/**
 * Copies as much as it can without making anybody wait (https://sqlite.org/pragma.html#pragma_wal_checkpoint), and brings
 * that to the disk: SQLite leaves it to whoever copies the last of a log, who would have to wait for all of it.
 *
 * The database stays open for the next time. A process that is no longer needed has to end without closing it: whoever
 * closes a database last removes its log, by a name that may be another database's by then.
 */
export function checkpoint(path: string): void {
  const { connection, file } = openDatabases.get(path) ?? open(path)
  connection.pragma('wal_checkpoint(PASSIVE)')
  fdatasyncSync(file)
}

function open(path: string): OpenDatabase {
  const connection = new BetterSqlite3(path, { fileMustExist: true })
  connection.pragma('synchronous = FULL')
  const database = { connection, file: openSync(path, 'r+') }
  openDatabases.set(path, database)
  return database
}
