/** Faults of a server's disk and database, by error code, as problem details and logs name them. */
const REASONS: [code: string, reason: string][] = [
  ['ENOSPC', 'the disk is full'],
  ['SQLITE_FULL', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['SQLITE_READONLY', 'the database is read-only'],
  ['EACCES', 'permission is denied'],
  ['SQLITE_PERM', 'permission is denied'],
  ['SQLITE_CANTOPEN', 'the database cannot be opened'],
  ['SQLITE_BUSY', 'another process holds the lock of the database'],
  ['SQLITE_IOERR', 'the disk fails'],
  ['SQLITE_NOMEM', 'there is too little memory'],
  ['EIO', 'the disk fails'],
  ['ESTALE', 'the file system is gone'],
  ['ENODEV', 'the file system is gone'],
  ['ENXIO', 'the file system is gone'],
  ['ENOENT', 'a folder is missing'],
  ['ENOTDIR', 'a folder is missing'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['EPERM', 'the operation is not permitted'],
  ['EXDEV', 'blobs/ and tmp/ are on different file systems'],
  ['EMLINK', 'a file has too many hard links'],
  ['EOPNOTSUPP', 'the file system cannot do this'],
  ['ENOSYS', 'the file system cannot do this'],
]

/** Codes by which link(2) reports a file system without hard links. */
const NO_LINKS = ['EPERM', 'EOPNOTSUPP', 'ENOSYS']

/** Faults that pass by themselves or once the operator acts. */
const TRANSIENT = [
  'SQLITE_FULL',
  'SQLITE_BUSY',
  'SQLITE_IOERR',
  'SQLITE_NOMEM',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EMFILE',
  'ENFILE',
]

/** Whether an error comes from the machine's state (a full disk, a busy database), so that a retry may succeed. */
export function isTransientError(error: unknown): boolean {
  const code = codeOf(error)
  return TRANSIENT.some((prefix) => code.startsWith(prefix))
}

/** Whether an error of a write is the disk's or the database's. A read of a damaged blob may fail with the same codes. */
export function isStorageFault(error: unknown): boolean {
  return reasonOf(error) !== undefined
}

/** Whether the disk or its quota is full. Smaller writes may still succeed, and reads do. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(codeOf(error))
}

/** @returns the fault in words; undefined when it is not one of the disk or the database */
export function reasonOf(error: unknown): string | undefined {
  const code = codeOf(error)
  if (NO_LINKS.includes(code) && (error as NodeJS.ErrnoException).syscall === 'link')
    return 'the file system has no hard links'
  return REASONS.find(([prefix]) => code === prefix || code.startsWith(`${prefix}_`))?.[1]
}

/** A file or folder cannot be used. The message is one line for the operator. */
export class UnusablePathError extends Error {
  readonly reason: string

  constructor(path: string, { cause, hint = '' }: { cause: unknown; hint?: string }) {
    const reason = reasonOf(cause) ?? (cause as Error).message
    super(`${path} cannot be used: ${reason}${hint}`, { cause })
    this.reason = reason
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}
