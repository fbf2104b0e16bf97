import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a server shows to the others, and what it asks of them; PEM. */
export interface PeerTls {
  ca: Buffer
  cert: Buffer
  key: Buffer
}

/**
 * Reads a server's certificate and key, and the authority that it trusts: `<name>.crt`, `<name>.key`, `ca.crt`.
 * @throws Error that names the file which cannot be read
 */
export async function readPeerTls(certsDir: string, name: string): Promise<PeerTls> {
  const read = (file: string) =>
    readFile(join(certsDir, file)).catch((cause: Error) => {
      throw new Error(`cannot read the certificate file ${join(certsDir, file)}: ${cause.message}`, { cause })
    })
  const [ca, cert, key] = await Promise.all([read('ca.crt'), read(`${name}.crt`), read(`${name}.key`)])
  return { ca, cert, key }
}
