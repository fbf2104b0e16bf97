import { join } from 'node:path'
import { TlsFiles } from './tls-files.js'

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
export function openPeerTls(certsDir: string, name: string): Promise<TlsFiles<keyof PeerTls>> {
  return TlsFiles.open({
    ca: join(certsDir, 'ca.crt'),
    cert: join(certsDir, `${name}.crt`),
    key: join(certsDir, `${name}.key`),
  })
}

/** Likewise, for who needs them once. */
export async function readPeerTls(certsDir: string, name: string): Promise<PeerTls> {
  return (await openPeerTls(certsDir, name)).pems
}
