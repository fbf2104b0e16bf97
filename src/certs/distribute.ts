import { chown, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DENY_LIST_FILE } from './deny-list.js'
import { AUTHORITY_NAME } from './folder.js'

/**
 * Copies to each server what it needs of a folder of certificates, and nothing that is another's: `ca.crt`, its own
 * certificate and key, and the deny list, into `<to>/<name>/`. Servers named in `names` get a folder if they have none;
 * others get theirs renewed where they have one. Done by root, the files come to belong to the owner of `to`.
 *
 * @returns the names of the servers
 * @throws Error that names what could not be copied, and why
 */
export async function distributeCertificates(
  from: string,
  to: string,
  names: readonly string[],
): Promise<string[]> {
  const files = await readdir(from)
  const made = files.filter((file) => file.endsWith('.crt')).map((file) => file.slice(0, -'.crt'.length))
  const asked = new Set([...names, ...(await readdir(to).catch(() => []))])
  const servers = [...asked].filter((name) => made.includes(name) && name !== AUTHORITY_NAME).sort()
  for (const name of servers) {
    await mkdir(join(to, name), { recursive: true }).catch(failed(name))
    const own = [`${AUTHORITY_NAME}.crt`, `${name}.key`, `${name}.crt`]
    if (files.includes(DENY_LIST_FILE)) own.push(DENY_LIST_FILE)
    for (const file of own) await put(join(from, file), join(to, name, file), to).catch(failed(name))
  }
  return servers
}

function failed(name: string) {
  return (cause: Error): never => {
    throw new Error(`the files of ${name} could not be handed out: ${cause.message}`, { cause })
  }
}

/** In one step: a server that looks meanwhile never reads half a file. */
async function put(source: string, target: string, owned: string): Promise<void> {
  const temporary = `${target}.new`
  await rm(temporary, { force: true })
  await copyFile(source, temporary)
  if (process.getuid?.() === 0) {
    const { uid, gid } = await stat(owned)
    await chown(temporary, uid, gid)
  }
  await rename(temporary, target)
}
