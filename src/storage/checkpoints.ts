/** Copying what commits have put into write-ahead logs into the files of their databases, for another process. */
import { fdatasyncSync, openSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'

interface Copied {
  connection: BetterSqlite3.Database
  /** The file that is copied to. Closed it would let go of the locks that the connection has. */
  file: number
}

const databases = new Map<string, Copied>()

/**
 * Copies as much as it can without making anybody wait (https://sqlite.org/pragma.html#pragma_wal_checkpoint), to the disk: SQLite
 * leaves that to who copies the last of a log, which would have to wait for all of it. The database stays open for the next
 * time. A process that is no longer needed has to end without closing it: whoever closes a database last
 * removes its log, by a name that may be another database's by then.
 */
export function checkpoint(path: string): void {
  const { connection, file } = databases.get(path) ?? open(path)
  connection.pragma('wal_checkpoint(PASSIVE)')
  fdatasyncSync(file)
}

function open(path: string): Copied {
  const connection = new BetterSqlite3(path, { fileMustExist: true })
  connection.pragma('synchronous = FULL')
  const database = { connection, file: openSync(path, 'r+') }
  databases.set(path, database)
  return database
}
