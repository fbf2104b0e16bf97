import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { processUsingFile } from '../lib/process-using.js'
import { UnusablePathError } from '../lib/storage-fault.js'

/** Another process serves from the folder. */
class DataDirInUseError extends Error {
  constructor(path: string, options: ErrorOptions) {
    super(`SYNCSPHERE_DATA_DIR: ${path} is in use by ${processUsingFile(lockPathOf(path))}`, options)
  }
}

/**
 * Makes a server's folder, readable by its user alone, and takes it for this process. The lock is SQLite's on a file
 * of its own: the kernel lets it go with the process, however that ends.
 * @throws DataDirInUse, UnusablePath
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

/** Makes a folder and those above it that are missing. @throws UnusablePath */
export function makeFolder(path: string): void {
  try {
    makeMissingFolders(path)
  } catch (cause) {
    // Of a read-only file system Node says that a folder is missing.
    assertWritable(nearestExistingOf(path))
    throw new UnusablePathError(path, { cause })
  }
}

/** One by one: told to make all of them, Node.js tries for ever where the file system takes none, as in /proc. */
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

/** What SQLite says of a file that it may not write names neither the file nor the reason. */
function assertWritable(path: string): void {
  try {
    const enter = statSync(path).isDirectory() ? constants.X_OK : 0
    accessSync(path, constants.R_OK | constants.W_OK | enter)
  } catch (cause) {
    throw new UnusablePathError(path, { cause, hint: ownerHintOf(path) })
  }
}

/** The folder itself, or the next one above it that is there. */
function nearestExistingOf(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExistingOf(dirname(path))
}

/** Whose the file is, where that is somebody else. */
function ownerHintOf(path: string): string {
  const uid = process.getuid?.()
  const owner = statSync(path, { throwIfNoEntry: false })?.uid
  if (uid === undefined || owner === undefined || owner === uid) return ''
  return ` (it belongs to user ${owner}, and this process runs as user ${uid})`
}
