import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Whose files nobody else's are. */
export const NOBODY = 65534

const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' })

/** Why file systems cannot be mounted here; false where they can. */
export const cannotMount = whyNotMount()

/** Why a file system without hard links is not to be had; false where it is. */
export const cannotMountExfat =
  cannotMount ||
  (['mkfs.exfat', 'mount.exfat-fuse'].every((tool) => spawnSync('which', [tool]).status === 0)
    ? false
    : 'needs exfatprogs and exfat-fuse')

function whyNotMount(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  const path = mkdtempSync(join(tmpdir(), 'mount-'))
  const works = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', path]).status === 0
  if (works) spawnSync('umount', [path])
  rmSync(path, { recursive: true })
  return works ? false : 'nothing can be mounted here'
}

function unmountAfter(t: Test, path: string): () => void {
  const unmount = () => void spawnSync('umount', ['--lazy', path])
  t.teardown(unmount)
  return unmount
}

/** Makes a folder read-only, as another mount of itself. @returns makes it writable again */
export function mountReadOnly(t: Test, path: string): () => void {
  run('mount', '--bind', path, path)
  const unmount = unmountAfter(t, path)
  run('mount', '-o', 'remount,ro,bind', path)
  return unmount
}

/** A file system that has no hard links. */
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
