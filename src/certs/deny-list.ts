/** The grand's deny list, a file in the folder of the certificates. */
export const DENY_LIST_FILE = 'revoked.txt'

/** Identifies a certificate as node:tls and node:crypto do: in hex, with or without colons. */
export interface CertificateIdentity {
  fingerprint256: string
  serialNumber: string
}

/**
 * Parses a deny list. Each line has a certificate's SHA-256 fingerprint or serial number, in hex of either case, colons
 * allowed; `#` begins a comment.
 *
 * @returns the fingerprints and serial numbers, for `isDenied`
 * @throws Error when a line is neither: ignoring it could admit a revoked certificate
 */
export function parseDenyList(text: string): Set<string> {
  const denied = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim()
    if (entry === '') continue
    if (!/^[0-9a-f]{1,2}(:?[0-9a-f]{2})*$/i.test(entry)) {
      throw new Error(
        `line ${index + 1} is neither a fingerprint nor a serial number: ${JSON.stringify(entry)}`,
      )
    }
    denied.add(normalise(entry))
  }
  return denied
}

/** Whether the list has the certificate's fingerprint or serial number. */
export function isDenied(denied: ReadonlySet<string>, certificate: CertificateIdentity): boolean {
  return denied.has(normalise(certificate.fingerprint256)) || denied.has(normalise(certificate.serialNumber))
}

/** Removes leading zeros: tools differ in those of a serial number. */
function normalise(hex: string): string {
  return hex.replaceAll(':', '').toLowerCase().replace(/^0+/, '')
}
