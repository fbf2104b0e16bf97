import { X509Certificate } from 'node:crypto'
import { constants } from 'node:fs'
import { access, appendFile, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../lib/usable-path.js'
import { createAuthority, issueCertificate, type KeyedCertificate, renewAuthority } from './authority.js'
import { DENY_LIST_FILE, isDenied, parseDenyList } from './deny-list.js'
import { daysUntil, expiresSoon } from './expiry.js'
import { hostsMissingIn, hostsOf, normalHost } from './hosts.js'

/** The authority's name: its files are `ca.crt` and `ca.key`. */
export const AUTHORITY_NAME = 'ca'

const GRAND_NAME = 'grand'
/** Regionals on the grand's machine connect to these. */
const GRAND_HOSTS = ['localhost', '127.0.0.1', '::1']

export interface EnsureOptions {
  /** Servers that need a certificate. Existing ones are kept. */
  names: readonly string[]
  /** Names whose certificate and key are replaced. `ca` keeps its key, so that the certificates it signed stay valid. */
  renew?: readonly string[]
  /**
   * Further host names or IP addresses for the new certificates. Without any, a renewed certificate has the hosts of the
   * previous one.
   */
  hosts?: readonly string[]
  now: Date
}

export interface CertificateStatus {
  name: string
  /** Whether this call created it. */
  made: boolean
  validTo: Date
  /** Whole days left; negative when it has expired. */
  daysLeft: number
  /** Expired, or expires within 30 days. */
  expiresSoon: boolean
  /** On the deny list. */
  revoked: boolean
  /** Signed by the `ca.crt` of the folder. */
  trusted: boolean
  /** Its hosts besides its name. */
  hosts: string[]
}

/**
 * Creates the missing files in a folder of certificates: the authority's, and `<name>.crt` and `<name>.key` of each server.
 * Existing files are replaced only for the names in `renew`. Only the owner can read keys.
 *
 * @returns the status of every certificate in the folder, the authority's first
 * @throws Error when the authority's key is needed and missing, when a kept certificate lacks some of `hosts`, and when a
 *   name to renew has no certificate
 */
export async function ensureCertificates(dir: string, options: EnsureOptions): Promise<CertificateStatus[]> {
  const { names, renew = [], hosts = [], now } = options
  makeFolder(dir)
  for (const name of renew) await refuseUnknown(dir, name)
  const kept = names.filter((name) => !renew.includes(name))
  for (const name of kept) await refuseOtherHosts(dir, name, hosts)
  const made = new Set<string>()
  if (renew.includes(AUTHORITY_NAME)) {
    await writePair(dir, AUTHORITY_NAME, await renewAuthority(await readAuthority(dir), now))
    made.add(AUTHORITY_NAME)
  } else if (!(await exists(dir, `${AUTHORITY_NAME}.crt`))) {
    await writePair(dir, AUTHORITY_NAME, await createAuthority(now))
    made.add(AUTHORITY_NAME)
  }
  for (const name of new Set([...names, ...renew])) {
    if (name === AUTHORITY_NAME) continue
    if (!renew.includes(name) && (await exists(dir, `${name}.crt`))) continue
    const ownHosts = name === GRAND_NAME ? [name, ...GRAND_HOSTS] : [name]
    const others = hosts.length > 0 ? hosts.map(normalHost) : await hostsOfPrevious(dir, name)
    const pair = await issueCertificate(await readAuthority(dir), {
      name,
      hosts: [...new Set([...ownHosts, ...others])],
      now,
    })
    await writePair(dir, name, pair)
    made.add(name)
  }
  return describeFolder(dir, made, now)
}

/** A misspelled name would get a certificate, and the intended one would expire. */
async function refuseUnknown(dir: string, name: string): Promise<void> {
  if (await exists(dir, `${name}.crt`)) return
  throw new Error(`${name} has no certificate in ${dir} to renew; create one without --renew`)
}

/** Keeping a certificate that lacks the hosts would look as if it had them. */
async function refuseOtherHosts(dir: string, name: string, hosts: readonly string[]): Promise<void> {
  if (hosts.length === 0 || !(await exists(dir, `${name}.crt`))) return
  const missing = hostsMissingIn(await readCertificate(dir, name), hosts)
  if (missing.length === 0) return
  const command = ['--renew', name, ...hosts.flatMap((host) => ['--host', host])].join(' ')
  throw new Error(`the certificate of ${name} lacks ${missing.join(', ')}: replace it with ${command}`)
}

async function hostsOfPrevious(dir: string, name: string): Promise<string[]> {
  // A missing or unreadable certificate can be replaced.
  return readCertificate(dir, name).then(hostsOf, () => [])
}

/**
 * Adds a server's certificate to the folder's deny list, by its SHA-256 fingerprint. Idempotent.
 *
 * @returns the fingerprint
 * @throws Error when the server has no certificate in the folder
 */
export async function revokeCertificate(dir: string, name: string, now: Date): Promise<string> {
  const certificate = await readCertificate(dir, name)
  if (!isDenied(await readDenyList(dir), certificate)) {
    const line = `${certificate.fingerprint256} # ${name}, revoked ${now.toISOString()}\n`
    await appendFile(join(dir, DENY_LIST_FILE), line, { mode: 0o600 })
  }
  return certificate.fingerprint256
}

async function describeFolder(dir: string, made: Set<string>, now: Date): Promise<CertificateStatus[]> {
  const authority = await readCertificate(dir, AUTHORITY_NAME)
  const denied = await readDenyList(dir)
  const files = (await readdir(dir)).filter((file) => file.endsWith('.crt')).sort()
  const servers = files.map((file) => file.slice(0, -'.crt'.length)).filter((name) => name !== AUTHORITY_NAME)
  return Promise.all(
    [AUTHORITY_NAME, ...servers].map(async (name) => {
      const certificate = await readCertificate(dir, name)
      const validTo = new Date(certificate.validTo)
      const daysLeft = daysUntil(validTo, now.getTime())
      return {
        name,
        made: made.has(name),
        validTo,
        daysLeft,
        expiresSoon: expiresSoon(daysLeft),
        revoked: isDenied(denied, certificate),
        trusted: certificate.verify(authority.publicKey),
        hosts: hostsOf(certificate).filter((host) => host !== name && host !== ''),
      }
    }),
  )
}

async function readAuthority(dir: string): Promise<KeyedCertificate> {
  if (!(await exists(dir, `${AUTHORITY_NAME}.key`))) {
    throw new Error(
      `${join(dir, `${AUTHORITY_NAME}.key`)} is missing: certificates can be made only with the authority's key`,
    )
  }
  const [certificatePem, keyPem] = await Promise.all(
    ['crt', 'key'].map((suffix) => readFile(join(dir, `${AUTHORITY_NAME}.${suffix}`), 'utf8')),
  )
  return { certificatePem: certificatePem ?? '', keyPem: keyPem ?? '' }
}

async function readCertificate(dir: string, name: string): Promise<X509Certificate> {
  const file = join(dir, `${name}.crt`)
  try {
    return new X509Certificate(await readFile(file))
  } catch (cause) {
    throw new Error(`${file} cannot be read as a certificate: ${(cause as Error).message}`, { cause })
  }
}

async function readDenyList(dir: string): Promise<Set<string>> {
  if (!(await exists(dir, DENY_LIST_FILE))) return new Set()
  const file = join(dir, DENY_LIST_FILE)
  try {
    return parseDenyList(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause })
  }
}

/** Writes the key first: once the certificate's file exists, its key must exist too. */
async function writePair(
  dir: string,
  name: string,
  { certificatePem, keyPem }: KeyedCertificate,
): Promise<void> {
  await replaceFile(join(dir, `${name}.key`), keyPem)
  await replaceFile(join(dir, `${name}.crt`), certificatePem)
}

/** Replaces a file atomically: a server that starts meanwhile never reads a partial one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
  await rename(temporary, path)
}

async function exists(dir: string, file: string): Promise<boolean> {
  return access(join(dir, file), constants.F_OK).then(
    () => true,
    () => false,
  )
}
