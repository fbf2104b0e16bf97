import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** The user id of `nobody`. */
export const NOBODY = 65534

const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' })

/** Why mounting is impossible here, or false. */
export const cannotMount = reasonNotToMount()

/** Why an exFAT file system cannot be mounted here, or false. */
export const cannotMountExfat =
  cannotMount ||
  (['mkfs.exfat', 'mount.exfat-fuse'].every((tool) => spawnSync('which', [tool]).status === 0)
    ? false
    : 'needs exfatprogs and exfat-fuse')

function reasonNotToMount(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  const path = mkdtempSync(join(tmpdir(), 'mount-'))
  const works = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', path]).status === 0
  if (works) spawnSync('umount', [path])
  rmSync(path, { recursive: true })
  return works ? false : 'cannot mount here'
}

function unmountAfter(t: Test, path: string): () => void {
  const unmount = () => void spawnSync('umount', ['--lazy', path])
  t.teardown(unmount)
  return unmount
}

/** Makes a folder read-only by a bind mount of itself. Returns a function that makes it writable again. */
export function mountReadOnly(t: Test, path: string): () => void {
  run('mount', '--bind', path, path)
  const unmount = unmountAfter(t, path)
  run('mount', '-o', 'remount,ro,bind', path)
  return unmount
}

/** Mounts exFAT, a file system without hard links. */
export function mountExfat(t: Test, path: string): void {
  const image = `${path}.image`
  t.teardown(() => rmSync(image))
  writeFileSync(image, '')
  truncateSync(image, 64 * 1024 * 1024)
  run('mkfs.exfat', image)
  const device = run('losetup', '--find', '--show', image).toString().trim()
  t.teardown(() => void spawnSync('losetup', ['--detach', device]))
  run('mount.exfat-fuse', device, path)
  unmountAfter(t, path)
}
