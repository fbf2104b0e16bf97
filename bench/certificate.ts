import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const COMMAND = join(import.meta.dirname, '..', 'bin', 'syncsphere.js')

/** PEM files. */
export interface Certificate {
  certFile: string
  keyFile: string
}

/** Makes a server's certificate in a folder, where there is none yet, and the authority that signs it. */
export function ensureCertificate(folder: string, name: string): Certificate {
  execFileSync(process.execPath, [COMMAND, 'certs', '--out', folder, name])
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
}
