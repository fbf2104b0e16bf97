import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { processUsingFile } from '../lib/process-using.js'
import { UnusablePathError } from '../lib/storage-fault.js'

/** Another process uses the data folder. */
class DataDirInUseError extends Error {
  constructor(path: string, options: ErrorOptions) {
    super(`SYNCSPHERE_DATA_DIR: ${path} is in use by ${processUsingFile(lockPathOf(path))}`, options)
  }
}

/**
 * Creates a server's data folder, readable by its user alone, and locks it for this process. SQLite holds the lock on a
 * separate file, so the kernel releases it however the process ends.
 * @throws DataDirInUseError, UnusablePathError
 */
export function lockDataDir(path: string): Disposable {
  makeFolder(resolve(path))
  assertWritable(path)
  for (const name of readdirSync(path)) assertWritable(join(path, name))
  const lock = openLock(lockPathOf(path))
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY'))
      throw new DataDirInUseError(path, { cause: error })
    throw new UnusablePathError(lockPathOf(path), { cause: error })
  }
  return { [Symbol.dispose]: () => void lock.close() }
}

function lockPathOf(path: string): string {
  return join(path, 'lock')
}

/** Creates a folder and its missing parents. @throws UnusablePathError */
export function makeFolder(path: string): void {
  try {
    makeMissingFolders(path)
  } catch (cause) {
    // On a read-only file system Node reports a missing folder instead of the real cause.
    assertWritable(nearestExistingOf(path))
    throw new UnusablePathError(path, { cause })
  }
}

/** Creates folders one by one: a recursive `mkdir` never returns on a file system that accepts none, such as /proc. */
function makeMissingFolders(path: string): void {
  if (existsSync(path)) return
  makeMissingFolders(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

function openLock(path: string): BetterSqlite3.Database {
  try {
    return new BetterSqlite3(path, { timeout: 0 })
  } catch (cause) {
    throw new UnusablePathError(path, { cause })
  }
}

/** Checks before SQLite does: its error for an unwritable file names neither the file nor the reason. */
function assertWritable(path: string): void {
  try {
    const enter = statSync(path).isDirectory() ? constants.X_OK : 0
    accessSync(path, constants.R_OK | constants.W_OK | enter)
  } catch (cause) {
    throw new UnusablePathError(path, { cause, hint: ownerHintOf(path) })
  }
}

/** The path itself, or its nearest parent that exists. */
function nearestExistingOf(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExistingOf(dirname(path))
}

/** A hint about the file's owner when that is another user; '' otherwise. */
function ownerHintOf(path: string): string {
  const uid = process.getuid?.()
  const owner = statSync(path, { throwIfNoEntry: false })?.uid
  if (uid === undefined || owner === undefined || owner === uid) return ''
  return ` (it belongs to user ${owner}, and this process runs as user ${uid})`
}
