import { chown, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DENY_LIST_FILE } from './deny-list.js'
import { AUTHORITY_NAME } from './folder.js'

/**
 * Copies each server's own files to `<to>/<name>/`: `ca.crt`, its certificate and key, and the deny list. Creates the
 * folders of the servers in `names`, and updates the folders that exist. Run by root, it gives the files to the owner of
 * `to`.
 *
 * @returns the names of the servers
 * @throws Error that names the server whose files could not be copied
 */
export async function distributeCertificates(
  from: string,
  to: string,
  names: readonly string[],
): Promise<string[]> {
  const files = await readdir(from)
  const existing = files.filter((file) => file.endsWith('.crt')).map((file) => file.slice(0, -'.crt'.length))
  const requested = new Set([...names, ...(await readdir(to).catch(() => []))])
  const servers = [...requested].filter((name) => existing.includes(name) && name !== AUTHORITY_NAME).sort()
  for (const name of servers) {
    await mkdir(join(to, name), { recursive: true }).catch(rethrowFor(name))
    const own = [`${AUTHORITY_NAME}.crt`, `${name}.key`, `${name}.crt`]
    if (files.includes(DENY_LIST_FILE)) own.push(DENY_LIST_FILE)
    for (const file of own)
      await copyAtomically(join(from, file), join(to, name, file), to).catch(rethrowFor(name))
  }
  return servers
}

function rethrowFor(name: string) {
  return (cause: Error): never => {
    throw new Error(`the files of ${name} could not be copied: ${cause.message}`, { cause })
  }
}

/** Replaces the target atomically: a server never reads a partial file. */
async function copyAtomically(source: string, target: string, ownerOf: string): Promise<void> {
  const temporary = `${target}.new`
  await rm(temporary, { force: true })
  await copyFile(source, temporary)
  if (process.getuid?.() === 0) {
    const { uid, gid } = await stat(ownerOf)
    await chown(temporary, uid, gid)
  }
  await rename(temporary, target)
}
