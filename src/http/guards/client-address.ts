import { BlockList, isIP, isIPv4, type Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** The client as rate limits count it. */
export interface Client {
  /** An IPv4 address, or the /64 of an IPv6 address (`2001:db8:0:1::/64`), since one host may own a whole /64. */
  address: string
  /** The address is that of an untrusted proxy, so many people share it. */
  isShared: boolean
}

/** Networks of the operator's own proxies: the internet does not route these addresses. */
const PRIVATE_NETWORKS = new BlockList()
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  PRIVATE_NETWORKS.addSubnet(network, bits)
PRIVATE_NETWORKS.addAddress('::1', 'ipv6')
PRIVATE_NETWORKS.addSubnet('fc00::', 7, 'ipv6')
PRIVATE_NETWORKS.addSubnet('fe80::', 10, 'ipv6')

/** The peer's address; empty for a destroyed request. */
function remoteAddressOf({ raw }: FastifyRequest): string {
  return (raw.socket as Socket | null)?.remoteAddress ?? ''
}

export function clientOf(request: FastifyRequest): Client {
  const { ip, ips } = request
  const remoteAddress = remoteAddressOf(request)
  // Behind a trusted proxy `request.ip` comes from X-Forwarded-For and may be no address at all.
  const clientAddress = isIP(ip) === 0 ? remoteAddress : ip
  // Fastify sets `ips` only if it trusts a proxy.
  const isShared = ips === undefined && forwardedFor(request) !== undefined && isPrivate(clientAddress)
  return { address: rateAddressOf(clientAddress), isShared }
}

/**
 * The key of request rate limits. Behind an untrusted proxy it includes the last forwarded address. A client in a private
 * network could forge that, so the limit on wrong passwords does not use it.
 */
export function rateKey(request: FastifyRequest): string {
  const { address, isShared } = clientOf(request)
  return isShared
    ? `${address} for ${forwardedFor(request)?.split(',').at(-1)?.trim().slice(0, 64)}`
    : address
}

/**
 * Removes ports from X-Forwarded-For, which some proxies add (`203.0.113.7:51234`, `[2001:db8::1]:51234`). With them each
 * connection would count as another client, or all as one. Must run before the first read of `request.ip`.
 */
export function stripForwardedPorts({ headers }: FastifyRequest['raw']): void {
  const forwarded = headers['x-forwarded-for']
  if (forwarded === undefined || !/[[:"]/.test(String(forwarded))) return
  headers['x-forwarded-for'] = String(forwarded)
    .split(',')
    .map((entry) => entry.trim().replace(/^"(.*)"$/, '$1'))
    .map(
      (entry) =>
        /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? entry,
    )
    .join(', ')
}

function forwardedFor({ headers }: FastifyRequest): string | undefined {
  const forwarded = headers['x-forwarded-for']
  return forwarded === undefined ? undefined : String(forwarded)
}

function isPrivate(address: string): boolean {
  const mapped = mappedIPv4(address) ?? address
  return PRIVATE_NETWORKS.check(mapped, isIPv4(mapped) ? 'ipv4' : 'ipv6')
}

function rateAddressOf(address: string): string {
  return isIPv4(address) || address === '' ? address : networkOf(address)
}

/** The IPv4 address in an IPv4-mapped one (`::ffff:192.0.2.1`). */
function mappedIPv4(address: string): string | undefined {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
}

/** The /64 of a valid IPv6 address; for an IPv4-mapped one the IPv4 address. */
export function networkOf(address: string): string {
  const mapped = mappedIPv4(address)
  if (mapped) return mapped
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const first = groups(head)
  // A dotted IPv4 tail counts as two groups.
  const last = groups(tail ?? '').flatMap((group) => (group.includes('.') ? [group, group] : [group]))
  const gap = tail === undefined ? 0 : 8 - first.length - last.length
  const all = [...first, ...Array<string>(gap).fill('0'), ...last]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
