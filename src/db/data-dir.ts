import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { processUsingFile } from '../lib/process-using.js'
import { UnusablePathError } from '../lib/storage-fault.js'
import { assertKind, assertWritable, makeFolder } from '../lib/usable-path.js'
import { WrongServerError } from './identity.js'

/** Another process uses the data folder. */
class DataDirInUseError extends Error {
  constructor(path: string, options: ErrorOptions) {
    super(`SYNCSPHERE_DATA_DIR: ${path} is in use by ${processUsingFile(lockPathOf(path))}`, options)
  }
}

/**
 * Creates a server's data folder, readable by its user alone, and locks it for this process. SQLite holds the lock on a
 * separate file, so the kernel releases it however the process ends.
 * @throws DataDirInUseError, UnusablePathError, and WrongServerError for a folder of the other kind of server
 */
export function lockDataDir(path: string, kind: 'regional' | 'grand'): Disposable {
  const other = kind === 'grand' ? 'regional' : 'grand'
  if (existsSync(join(path, `${other}.db`)))
    throw new WrongServerError(`${path} has the data of a ${other} server, but this is a ${kind} server`)
  makeFolder(path)
  assertWritable(path)
  for (const name of readdirSync(path)) {
    const expected = kindOf(name)
    if (expected !== undefined) assertKind(join(path, name), expected)
    assertWritable(join(path, name))
  }
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

/** Undefined for a name that no server gives, such as lost+found. */
function kindOf(name: string): 'file' | 'folder' | undefined {
  if (['blobs', 'tmp'].includes(name)) return 'folder'
  return name === 'lock' || name.endsWith('.db') ? 'file' : undefined
}

function lockPathOf(path: string): string {
  return join(path, 'lock')
}

function openLock(path: string): BetterSqlite3.Database {
  try {
    return new BetterSqlite3(path, { timeout: 0 })
  } catch (cause) {
    throw new UnusablePathError(path, { cause })
  }
}
