import { join } from 'node:path'
import { TlsFiles } from './tls-files.js'

/** A server's certificate and key, and the authority that it trusts, as PEM. */
export interface PeerTls {
  ca: Buffer
  cert: Buffer
  key: Buffer
}

/**
 * Reads `<name>.crt`, `<name>.key` and `ca.crt`.
 * @throws Error that names the unreadable file
 */
export function openPeerTls(certsDir: string, name: string): Promise<TlsFiles<keyof PeerTls>> {
  return TlsFiles.open({
    ca: join(certsDir, 'ca.crt'),
    cert: join(certsDir, `${name}.crt`),
    key: join(certsDir, `${name}.key`),
  })
}

/** As `openPeerTls`, without reloading. */
export async function readPeerTls(certsDir: string, name: string): Promise<PeerTls> {
  return (await openPeerTls(certsDir, name)).pems
}
