import { DAY_MS } from '../lib/durations.js'
import 'reflect-metadata' // @peculiar/x509 refuses to load without it
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' }
const AUTHORITY_SUBJECT = 'CN=SyncSphere development CA'
const AUTHORITY_DAYS = 3650
const SERVER_DAYS = 365

/** Certificates are valid from a day before their creation, since servers' clocks differ. */
const BACKDATED_MS = DAY_MS

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyedCertificate {
  certificatePem: string
  keyPem: string
}

/**
 * Makes a certificate authority: an EC P-256 key and a self-signed certificate, valid for ten years, that can sign
 * certificates of servers and no further authorities (RFC 5280, section 4.2.1).
 */
export async function createAuthority(now: Date): Promise<KeyedCertificate> {
  const keys = await createKeys()
  return { certificatePem: await selfSign(keys, now), keyPem: await exportKey(keys.privateKey) }
}

/** Renews an authority's certificate over the same key, so that the certificates it signed stay valid. */
export async function renewAuthority(authority: KeyedCertificate, now: Date): Promise<KeyedCertificate> {
  return { certificatePem: await selfSign(await importKeys(authority), now), keyPem: authority.keyPem }
}

/**
 * Issues a certificate for TLS servers and clients with a new EC P-256 key, valid for a year, or until the authority's
 * expires. `name` is its common name; each of `hosts`, DNS names or IP addresses, a subject alternative name.
 */
export async function issueCertificate(
  authority: KeyedCertificate,
  { name, hosts, now }: { name: string; hosts: readonly string[]; now: Date },
): Promise<KeyedCertificate> {
  const issuer = new X509Certificate(authority.certificatePem)
  const [keys, authorityKeys] = await Promise.all([createKeys(), importKeys(authority)])
  const certificatePem = await sign({
    subject: `CN=${name}`,
    keys,
    signingKey: authorityKeys.privateKey,
    now,
    notAfter: new Date(Math.min(now.getTime() + SERVER_DAYS * DAY_MS, Date.parse(issuer.validTo))),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ),
      await AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  })
  return { certificatePem, keyPem: await exportKey(keys.privateKey) }
}

function selfSign(keys: webcrypto.CryptoKeyPair, now: Date): Promise<string> {
  return sign({
    subject: AUTHORITY_SUBJECT,
    keys,
    signingKey: keys.privateKey,
    now,
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
}

interface SignInput {
  subject: string
  keys: webcrypto.CryptoKeyPair
  signingKey: webcrypto.CryptoKey
  now: Date
  notAfter: Date
  extensions: Extension[]
}

/** @returns a certificate for `keys`, issued by the authority, as PEM */
async function sign({ subject, keys, signingKey, now, notAfter, extensions }: SignInput): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: createSerial(),
    subject,
    issuer: AUTHORITY_SUBJECT,
    notBefore: new Date(now.getTime() - BACKDATED_MS),
    notAfter,
    signingAlgorithm: SIGNING_ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [...extensions, await SubjectKeyIdentifierExtension.create(keys.publicKey)],
  })
  return `${certificate.toString('pem')}\n`
}

/** 127 random bits as a positive number of fixed length (RFC 5280, section 4.1.2.2, asks for at most 20 octets). */
function createSerial(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0)
  return bytes.toString('hex')
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

async function importKeys({ certificatePem, keyPem }: KeyedCertificate): Promise<webcrypto.CryptoKeyPair> {
  const pkcs8 = PemConverter.decodeFirst(keyPem)
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' })
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', pkcs8, KEY_ALGORITHM, true, ['sign']),
    webcrypto.subtle.importKey('spki', spki, KEY_ALGORITHM, true, ['verify']),
  ])
  return { privateKey, publicKey }
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
