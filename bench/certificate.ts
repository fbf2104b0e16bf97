import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const COMMAND = join(import.meta.dirname, '..', 'bin', 'syncsphere.js')

/** Paths of PEM files. */
export interface Certificate {
  certFile: string
  keyFile: string
}

/** Issues a server's certificate in a folder, with an authority of its own, unless both exist. */
export function ensureCertificate(folder: string, name: string): Certificate {
  execFileSync(process.execPath, [COMMAND, 'certs', '--out', folder, name])
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
}
