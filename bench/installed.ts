import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian installs servers outside of the default PATH of users. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']

/** The path of an installed program, or undefined. */
export function installed(program: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find(isExecutable)
}

/** @throws Error if a required program is not installed */
export function needed(program: string): string {
  const path = installed(program)
  if (path === undefined) throw new Error(`needs ${program} (Debian package ${program})`)
  return path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
