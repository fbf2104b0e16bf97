import { readCertsDir } from '../config/config.js'
import type { Environment } from '../config/environment.js'
import { parseCommandLine, UsageError } from '../lib/command-line.js'
import { isServerName } from '../lib/server-name.js'
import { distributeCertificates } from './distribute.js'
import { AUTHORITY_NAME, type CertificateStatus, ensureCertificates, revokeCertificate } from './folder.js'

const DEFAULT_SERVERS = ['grand', 'eu', 'us', 'ap']

/** A DNS name, with a wildcard or without, or an IP address. */
const HOST = /^(\*\.)?[a-z0-9][a-z0-9.:-]*$|^::[0-9a-f:]*$/i

const HELP = `Creates a development CA and a certificate for each server, and shows how long each is valid.

  npm run certs -- [NAME …]             create missing certificates (default: ${DEFAULT_SERVERS.join(' ')})
  npm run certs -- --renew NAME         replace NAME's key and certificate (ca: only the certificate)
  npm run certs -- revoke NAME          put NAME's certificate on the deny list that the grand server reads

  --out DIR       the folder (default: SYNCSPHERE_CERTS_DIR, or certs/dev)
  --host HOST     a further host name or IP address for the certificate of the one NAME; may be repeated
  --renew NAME    may be repeated; the new certificate is for the hosts of --host alone, or without it, of the old one
  --hand-out DIR  copy to DIR/NAME what each server needs: ca.crt, its own certificate and key, the deny list
  --help          this text

A server NAME gets NAME.crt and NAME.key beside ca.crt. Its certificate has NAME as DNS name, and that of "grand" also
localhost, 127.0.0.1 and ::1. Keys are EC P-256, and certificates are valid for a year. Without npm, the same program is
scripts/node dist/bin/syncsphere.js certs`

/**
 * Runs `npm run certs` with its arguments.
 *
 * @returns the text for the user
 * @throws UsageError when an argument is invalid, Error when a file is
 */
export async function runCertsCommand(args: string[], env: Environment): Promise<string> {
  const { values, positionals } = parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string', default: readCertsDir(env) },
      host: { type: 'string', multiple: true, default: [] },
      renew: { type: 'string', multiple: true, default: [] },
      'hand-out': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return HELP
  const [command, ...revoked] = positionals
  const { out, renew, host: hosts, 'hand-out': to } = values
  if (command === 'revoke') {
    if (hosts.length + renew.length > 0) throw new UsageError('revoke takes neither --host nor --renew')
    const done = await revoke(out, revoked)
    return to === undefined ? done : `${done}\n${await distribute(out, to, [])}`
  }
  const names = positionals.length + renew.length === 0 ? DEFAULT_SERVERS : positionals
  const done = await make(out, { names, renew, hosts })
  return to === undefined ? done : `${done}\n${await distribute(out, to, [...names, ...renew])}`
}

async function make(
  dir: string,
  { names, renew, hosts }: Record<'names' | 'renew' | 'hosts', string[]>,
): Promise<string> {
  checkNames([...names, ...renew.filter((name) => name !== AUTHORITY_NAME)])
  const wrongHost = hosts.find((host) => !HOST.test(host))
  if (wrongHost !== undefined)
    throw new UsageError(`${JSON.stringify(wrongHost)} is no host name or IP address`)
  // In every certificate, the host would let each regional impersonate that server.
  if (hosts.length > 0 && (names.length + renew.length !== 1 || renew.includes(AUTHORITY_NAME)))
    throw new UsageError('--host needs the NAME of the one server that it is for')
  const statuses = await ensureCertificates(dir, { names, renew, hosts, now: new Date() })
  const width = Math.max(...statuses.map(({ name }) => name.length))
  const lines = statuses.map((status) => `  ${status.name.padEnd(width)}  ${describe(status)}`)
  return [`Certificates in ${dir}:`, ...lines].join('\n')
}

async function distribute(dir: string, to: string, names: string[]): Promise<string> {
  const servers = await distributeCertificates(dir, to, names)
  return `Copied to ${to}: ${servers.join(', ') || 'nothing'}`
}

async function revoke(dir: string, names: string[]): Promise<string> {
  if (names.length === 0) throw new UsageError('revoke needs the NAME of a server')
  checkNames(names)
  const lines: string[] = []
  for (const name of names) {
    const fingerprint = await revokeCertificate(dir, name, new Date())
    lines.push(`${name} is revoked: ${fingerprint}`)
  }
  return lines.join('\n')
}

function checkNames(names: string[]): void {
  for (const name of names) {
    if (isServerName(name)) continue
    throw new UsageError(
      `${JSON.stringify(name)} is no server's name: a lower-case letter and up to 31 more letters, digits or hyphens, and not "ca"`,
    )
  }
}

function describe({
  name,
  made,
  validTo,
  daysLeft,
  expiresSoon,
  revoked,
  trusted,
  hosts,
}: CertificateStatus): string {
  const until = validTo.toISOString().slice(0, 10)
  const renewal = `renew it with --renew ${name}`
  const notes = [daysLeft < 0 ? `expired on ${until}` : `valid until ${until}, ${daysLeft} days`]
  if (hosts.length > 0) notes.push(`also for ${hosts.join(', ')}`)
  if (made) notes.push('new')
  if (revoked) notes.push(`REVOKED: ${renewal}`)
  else if (!trusted) notes.push(`NOT SIGNED BY ca.crt: ${renewal}`)
  else if (expiresSoon) notes.push(`${daysLeft < 0 ? 'EXPIRED' : 'ABOUT TO EXPIRE'}: ${renewal}`)
  return notes.join(', ')
}
