import { accessSync, constants, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { UnusablePathError } from './storage-fault.js'

/** Creates a folder and its missing parents, for this user alone. @throws UnusablePathError */
export function makeFolder(path: string): void {
  const absolute = resolve(path)
  try {
    makeMissingFolders(absolute)
  } catch (cause) {
    if (cause instanceof UnusablePathError) throw cause
    // On a read-only file system Node reports a missing folder instead of the real cause.
    assertWritable(nearestExistingOf(absolute))
    throw new UnusablePathError(absolute, { cause })
  }
}

/** Creates folders one by one: a recursive `mkdir` never returns on a file system that accepts none, such as /proc. */
function makeMissingFolders(path: string): void {
  if (path !== dirname(path)) makeMissingFolders(dirname(path))
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: 0o700 })
  else assertKind(path, 'folder')
}

/** Checks what a path leads to. @throws UnusablePathError, also for a symbolic link that leads nowhere */
export function assertKind(path: string, kind: 'file' | 'folder'): void {
  try {
    if (statSync(path).isDirectory() === (kind === 'folder')) return
  } catch (cause) {
    throw new UnusablePathError(path, { cause })
  }
  const fault = kind === 'folder' ? 'it is a file, not a folder' : 'it is a folder, not a file'
  throw new UnusablePathError(path, { cause: new Error(fault) })
}

/** Checks before SQLite does: its error for an unwritable file names neither the file nor the reason. */
export function assertWritable(path: string): void {
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
