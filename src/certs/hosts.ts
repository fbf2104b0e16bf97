import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** The host names and IP addresses that a certificate is for, in the form in which one writes them. */
export function hostsOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): string[] {
  return subjectAltName
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .map(normalHost)
}

/** Those of `hosts` that a certificate is not for. */
export function hostsMissingIn(certificate: X509Certificate, hosts: readonly string[]): string[] {
  const held = hostsOf(certificate)
  return hosts.filter((host) => !held.includes(normalHost(host)))
}

/** One spelling for each: names in lower case, and `::1` for `0:0:0:0:0:0:0:1`. */
export function normalHost(host: string): string {
  if (isIP(host) !== 6) return host.toLowerCase()
  return new URL(`http://[${host}]`).hostname.slice(1, -1)
}
