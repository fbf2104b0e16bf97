import { createPrivateKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { certificatesIn } from './pem.js'

/** PEM files of a TLS server or client. Only peers have a `ca`, the authority that they trust. */
export type Part = 'cert' | 'key' | 'ca'

type Pems<Parts extends Part> = Record<Parts, Buffer>

/** PEM files in use: their contents when they were last read and valid together. */
export class TlsFiles<Parts extends Part> {
  readonly #paths: Record<Parts, string>
  #pems: Pems<Parts>

  private constructor(paths: Record<Parts, string>, pems: Pems<Parts>) {
    this.#paths = paths
    this.#pems = pems
  }

  /** @throws Error that names the unreadable file, or the files that TLS does not accept together */
  static async open<Parts extends Part>(paths: Record<Parts, string>): Promise<TlsFiles<Parts>> {
    return new TlsFiles(paths, await readPems(paths))
  }

  get pems(): Pems<Parts> {
    return this.#pems
  }

  /** The certificates, without the key: it does not expire. */
  certificates(): { file: string; pem: Buffer }[] {
    const parts = (['ca', 'cert'] as Parts[]).filter((part) => part in this.#paths)
    return parts.map((part) => ({ file: this.#paths[part], pem: this.#pems[part] }))
  }

  /**
   * Reloads the files.
   * @returns whether any has changed
   * @throws Error as `open`; the previous contents stay in use
   */
  async reload(): Promise<boolean> {
    const before = this.#pems
    this.#pems = await readPems(this.#paths)
    return (Object.keys(before) as Parts[]).some((part) => !this.#pems[part].equals(before[part]))
  }
}

async function readPems<Parts extends Part>(paths: Record<Parts, string>): Promise<Pems<Parts>> {
  const entries = Object.entries<string>(paths).map(async ([part, file]) => [part, await read(file, part)])
  const pems = Object.fromEntries(await Promise.all(entries)) as Pems<Parts>
  try {
    createSecureContext(pems)
  } catch (cause) {
    const files = Object.values(paths).join(', ')
    throw new Error(`TLS cannot use ${files} together: ${(cause as Error).message}`, { cause })
  }
  return pems
}

/** Checks each file by itself: TLS takes a `ca` without any certificate, and then trusts nobody. */
async function read(file: string, part: string): Promise<Buffer> {
  try {
    // Reading a pipe may never end, and would keep the process from exiting.
    if (!(await stat(file)).isFile()) throw new Error('it is not a regular file')
    const pem = await readFile(file)
    if (part !== 'key') certificatesIn(pem)
    else if (!pem.includes('PRIVATE KEY-----')) throw new Error('it has no PEM private key')
    else createPrivateKey(pem)
    return pem
  } catch (cause) {
    throw new Error(`cannot read the certificate file ${file}: ${(cause as Error).message}`, { cause })
  }
}
