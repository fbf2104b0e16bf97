import { chmod, copyFile, link, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { reasonOf, UnusablePathError } from '../lib/storage-fault.js'
import { assertKind, makeFolder } from '../lib/usable-path.js'

/**
 * Copies all pages in one step, in one read transaction. Between steps SQLite lets others write and then starts over: on
 * a busy server the backup would never finish. The WAL grows during the copy.
 */
const ALL_PAGES = 0x7fffffff

/** Another file system, a file system without hard links, or too many links to the file. */
const LINK_UNSUPPORTED_CODES = ['EXDEV', 'EPERM', 'EOPNOTSUPP', 'EMLINK']

export interface BackupResult {
  databases: string[]
  blobs: number
}

/**
 * Copies a server's data folder while the server runs. The copy is consistent: it contains exactly the blobs that the
 * copied database references. The order ensures that: blobs first, since some may be deleted during the copy; then the
 * database; then the blobs added meanwhile. Unreferenced blobs are removed last. Blobs are hard-linked where possible.
 * @param to a folder that does not exist yet, or is empty
 * @throws Error when `from` contains no database, or `to` is not empty or is inside `from`
 * @throws UnusablePathError when a folder or file of either cannot be used
 */
export async function backupDataDir(from: string, to: string): Promise<BackupResult> {
  try {
    return await copyDataDir(from, to)
  } catch (cause) {
    // Errors of SQLite name no path.
    const { path = to, dest = path } = cause as NodeJS.ErrnoException & { dest?: string }
    throw reasonOf(cause) === undefined ? cause : new UnusablePathError(dest, { cause })
  }
}

async function copyDataDir(from: string, to: string): Promise<BackupResult> {
  assertKind(from, 'folder')
  const databases = (await readdir(from)).filter((name) => name.endsWith('.db'))
  if (databases.length === 0) throw new Error(`${from} contains no database`)
  if (!relative(from, to).startsWith('..'))
    throw new Error(`${to} is inside ${from}; choose a folder outside of it`)
  makeFolder(to)
  if ((await readdir(to)).length > 0) throw new Error(`${to} is not empty; choose a new or empty folder`)
  const blobs = { from: join(from, 'blobs'), to: join(to, 'blobs') }
  const referenced = new Set<string>()
  let count = await copyBlobs(blobs.from, blobs.to)
  for (const name of databases) {
    const db = new BetterSqlite3(join(from, name), { readonly: true, fileMustExist: true, timeout: 5000 })
    await db.backup(join(to, name), { progress: () => ALL_PAGES })
    db.close()
    for (const sha256 of selectBlobFileHashes(join(to, name))) referenced.add(sha256)
    await chmod(join(to, name), 0o600)
    await sync(join(to, name))
  }
  count += await copyBlobs(blobs.from, blobs.to)
  count -= await removeUnreferenced(blobs.to, referenced)
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

/** Returns false when the target exists already (blobs never change) or the source has been deleted meanwhile. */
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

/** The hashes of the blobs that a database stores as files. */
function selectBlobFileHashes(path: string): string[] {
  // Not read-only: a read-only connection leaves the WAL files behind.
  const db = new BetterSqlite3(path, { fileMustExist: true })
  try {
    return db.prepare('select sha256 from blobs where content is null').pluck().all() as string[]
  } finally {
    db.close()
  }
}

async function removeUnreferenced(folder: string, referenced: Set<string>): Promise<number> {
  let count = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) count += await removeUnreferenced(path, referenced)
    else if (!referenced.has(entry.name)) {
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
