import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** The host names and IP addresses of a certificate, normalised. */
export function hostsOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): string[] {
  return subjectAltName
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .map(normalHost)
}

/** The `hosts` that a certificate lacks. */
export function hostsMissingIn(certificate: X509Certificate, hosts: readonly string[]): string[] {
  const own = hostsOf(certificate)
  return hosts.filter((host) => !own.includes(normalHost(host)))
}

/** Normalises a host: names in lower case, and `::1` for `0:0:0:0:0:0:0:1`. */
export function normalHost(host: string): string {
  if (isIP(host) !== 6) return host.toLowerCase()
  return new URL(`http://[${host}]`).hostname.slice(1, -1)
}
