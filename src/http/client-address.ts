import { isIP, isIPv4 } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * The address that a request is counted under: an IPv4 address, or the /64 of an IPv6 address (`2001:db8:0:1::/64`),
 * for one household or host has all of a /64.
 */
export function clientAddress(request: FastifyRequest): string {
  // Behind a trusted proxy `request.ip` is what the proxy wrote into X-Forwarded-For, which may be anything.
  const address = isIP(request.ip) === 0 ? (request.raw.socket.remoteAddress ?? '') : request.ip
  return isIPv4(address) || address === '' ? address : networkOf(address)
}

/** The /64 of a valid IPv6 address; an IPv4-mapped one (`::ffff:192.0.2.1`) is the IPv4 address that it stands for. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1]) return mapped[1]
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const first = groups(head)
  // A dotted IPv4 tail stands for two groups.
  const last = groups(tail ?? '').flatMap((group) => (group.includes('.') ? [group, group] : [group]))
  const gap = tail === undefined ? 0 : 8 - first.length - last.length
  const all = [...first, ...Array<string>(gap).fill('0'), ...last]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
