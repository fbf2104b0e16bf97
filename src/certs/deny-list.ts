/** The deny list beside the certificates, which the grand server reads. */
export const DENY_LIST_FILE = 'revoked.txt'

/** What identifies a certificate, in the form that node:tls and node:crypto give: hex, with or without colons. */
export interface CertificateIdentity {
  fingerprint256: string
  serialNumber: string
}

/**
 * Reads a deny list: in each line the SHA-256 fingerprint of a certificate or its serial number, in hex of either case,
 * colons allowed; `#` begins a comment.
 *
 * @returns the fingerprints and serial numbers, to be asked by `isDenied`
 * @throws Error when a line is neither: a list that is half understood would let the revoked in
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

/** Whether the certificate stands on the list, by its fingerprint or by its serial number. */
export function isDenied(denied: ReadonlySet<string>, certificate: CertificateIdentity): boolean {
  return denied.has(normalise(certificate.fingerprint256)) || denied.has(normalise(certificate.serialNumber))
}

/** Tools differ in the leading zeros of a serial number. */
function normalise(hex: string): string {
  return hex.replaceAll(':', '').toLowerCase().replace(/^0+/, '')
}
