/** WAL checkpoints on behalf of another process. */
import { fdatasyncSync, openSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'

interface OpenDatabase {
  connection: BetterSqlite3.Database
  /** Descriptor of the database file. Never closed: POSIX would release the connection's locks with it. */
  file: number
}

const openDatabases = new Map<string, OpenDatabase>()

/**
 * Runs a passive checkpoint, which blocks nobody (https://sqlite.org/pragma.html#pragma_wal_checkpoint), and syncs the
 * database file. SQLite itself syncs only when a checkpoint completes, so the connection that completes it would wait
 * for all pages.
 *
 * The connection stays open for the next checkpoint. The process has to exit without closing it: the last connection
 * to close deletes the WAL by its path, which may belong to another database by then.
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
