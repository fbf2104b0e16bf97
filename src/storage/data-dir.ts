import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { PREFIX } from '../environment.js'
import { holderOfFile } from '../holder.js'

/** Another process serves from the folder. */
class DataDirInUse extends Error {
  constructor(path: string, options: ErrorOptions) {
    super(`${PREFIX}DATA_DIR: ${path} is in use by ${holderOfFile(lockOf(path))}`, options)
  }
}

/**
 * Makes a server's folder, readable by its user alone, and takes it for this process. The lock is SQLite's on a file
 * of its own: the kernel lets it go with the process, however that ends.
 * @throws DataDirInUse
 */
export function takeDataDir(path: string): Disposable {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const lock = new BetterSqlite3(lockOf(path), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY'))
      throw new DataDirInUse(path, { cause: error })
    throw error
  }
  return { [Symbol.dispose]: () => void lock.close() }
}

function lockOf(path: string): string {
  return join(path, 'lock')
}
