const PASSING = [
  'SQLITE_FULL',
  'SQLITE_BUSY',
  'SQLITE_IOERR',
  'SQLITE_NOMEM',
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
]

/** Whether an error is the machine's state (a full disk, a busy database) and no fault of what was to be done. */
export function isPassingFault(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && PASSING.some((passing) => code.startsWith(passing))
}
