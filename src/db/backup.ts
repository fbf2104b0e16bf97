import { chmod, copyFile, link, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { makeFolder } from './data-dir.js'

/**
 * In one step, which is one read of the database. Between steps SQLite lets others write, and then begins again: under a
 * server that writes it would never end. Meanwhile the WAL grows by what is written.
 */
const ALL_PAGES = 0x7fffffff

/** Another file system, one without hard links, or one that has too many of this file. */
const LINK_UNSUPPORTED_CODES = ['EXDEV', 'EPERM', 'EOPNOTSUPP', 'EMLINK']

export interface BackupResult {
  databases: string[]
  blobs: number
}

/**
 * Copies a server's data folder while the server runs, such that the copy is one moment of it: every blob that the
 * copied database names is in the copy, and no other. Blobs first, for what is removed meanwhile; then the database;
 * then the blobs that came meanwhile; in the end those go that the copied database does not name. Where both folders
 * are on one file system blobs are linked and take no room.
 * @param to a folder that does not exist yet, or is empty
 * @throws Error when `from` holds no database, or `to` is not empty or lies in `from`
 */
export async function backupDataDir(from: string, to: string): Promise<BackupResult> {
  const databases = (await readdir(from).catch(() => [])).filter((name) => name.endsWith('.db'))
  if (databases.length === 0) throw new Error(`${from} holds no database`)
  if (!relative(from, to).startsWith('..')) throw new Error(`${to} lies in ${from}, which is to be copied`)
  makeFolder(resolve(to))
  if ((await readdir(to)).length > 0) throw new Error(`${to} is not empty`)
  const blobs = { from: join(from, 'blobs'), to: join(to, 'blobs') }
  const named = new Set<string>()
  let count = await copyBlobs(blobs.from, blobs.to)
  for (const name of databases) {
    const db = new BetterSqlite3(join(from, name), { readonly: true, fileMustExist: true, timeout: 5000 })
    await db.backup(join(to, name), { progress: () => ALL_PAGES })
    db.close()
    for (const sha256 of selectBlobFileHashes(join(to, name))) named.add(sha256)
    await chmod(join(to, name), 0o600)
    await sync(join(to, name))
  }
  count += await copyBlobs(blobs.from, blobs.to)
  count -= await removeUnreferenced(blobs.to, named)
  await sync(to)
  return { databases, blobs: count }
}

async function copyBlobs(from: string, to: string): Promise<number> {
  let count = 0
  await mkdir(to, { recursive: true, mode: 0o700 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) count += await copyBlobs(source, target)
    else if (await copyBlob(source, target)) count += 1
  }
  return count
}

/** Whether there was something to copy: blobs never change, so one that is there needs no second copy. */
async function copyBlob(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOENT') return false
    if (!LINK_UNSUPPORTED_CODES.includes(code ?? '')) throw error
  }
  await copyFile(source, target)
  await sync(target)
  return true
}

/** The blobs that a database keeps as files. */
function selectBlobFileHashes(path: string): string[] {
  // Not read-only: that would leave the files of its log behind.
  const db = new BetterSqlite3(path, { fileMustExist: true })
  try {
    return db.prepare('select sha256 from blobs where content is null').pluck().all() as string[]
  } finally {
    db.close()
  }
}

async function removeUnreferenced(folder: string, named: Set<string>): Promise<number> {
  let count = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) count += await removeUnreferenced(path, named)
    else if (!named.has(entry.name)) {
      await unlink(path)
      count += 1
    }
  }
  return count
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}
