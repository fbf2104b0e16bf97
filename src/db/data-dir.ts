import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { processUsingFile } from '../lib/process-using.js'
import { UnusablePathError } from '../lib/storage-fault.js'
import { assertKind, assertWritable, makeFolder } from '../lib/usable-path.js'

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
  makeFolder(path)
  assertWritable(path)
  for (const name of readdirSync(path)) {
    const kind = kindOf(name)
    if (kind !== undefined) assertKind(join(path, name), kind)
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
