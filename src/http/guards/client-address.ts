import { BlockList, isIP, isIPv4, type Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** Whom requests are counted under. */
export interface Client {
  /** An IPv4 address, or the /64 of an IPv6 address (`2001:db8:0:1::/64`): one household or host has all of a /64. */
  address: string
  /** It is that of a proxy which is not trusted: many people come from it. */
  isShared: boolean
}

/** Networks that no stranger's packets come from: a proxy of one's own stands there. */
const NEAR = new BlockList()
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  NEAR.addSubnet(network, bits)
NEAR.addAddress('::1', 'ipv6')
NEAR.addSubnet('fc00::', 7, 'ipv6')
NEAR.addSubnet('fe80::', 10, 'ipv6')

/** The other end of the connection; a request that was destroyed has none any more. */
function addressOf({ raw }: FastifyRequest): string {
  return (raw.socket as Socket | null)?.remoteAddress ?? ''
}

export function clientOf(request: FastifyRequest): Client {
  const { ip, ips } = request
  const remoteAddress = addressOf(request)
  // Behind a trusted proxy `request.ip` is what the proxy wrote into X-Forwarded-For, which may be anything.
  const own = isIP(ip) === 0 ? remoteAddress : ip
  // Fastify has a list of addresses where proxies are trusted.
  const isShared = ips === undefined && forwardedFor(request) !== undefined && isNear(own)
  return { address: counted(own), isShared }
}

/**
 * What requests are counted under in memory. Behind a proxy that is not trusted it is the address that the proxy has put
 * last: it could be made up by who stands near, but wrong passwords are counted without it.
 */
export function rateKey(request: FastifyRequest): string {
  const { address, isShared } = clientOf(request)
  return isShared
    ? `${address} for ${forwardedFor(request)?.split(',').at(-1)?.trim().slice(0, 64)}`
    : address
}

/**
 * Leaves of each address in X-Forwarded-For the address: some proxies add the port (`203.0.113.7:51234`,
 * `[2001:db8::1]:51234`), and each connection would be somebody else, or all the same. Has to run before `request.ip` is
 * asked for.
 */
export function stripForwardedPorts({ headers }: FastifyRequest['raw']): void {
  const forwarded = headers['x-forwarded-for']
  if (forwarded === undefined || !/[[:"]/.test(String(forwarded))) return
  headers['x-forwarded-for'] = String(forwarded)
    .split(',')
    .map((one) => one.trim().replace(/^"(.*)"$/, '$1'))
    .map(
      (one) => /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(one)?.[1] ?? /^\[([^\]]+)\](?::\d+)?$/.exec(one)?.[1] ?? one,
    )
    .join(', ')
}

function forwardedFor({ headers }: FastifyRequest): string | undefined {
  const forwarded = headers['x-forwarded-for']
  return forwarded === undefined ? undefined : String(forwarded)
}

function isNear(address: string): boolean {
  const mapped = mappedIPv4(address) ?? address
  return NEAR.check(mapped, isIPv4(mapped) ? 'ipv4' : 'ipv6')
}

function counted(address: string): string {
  return isIPv4(address) || address === '' ? address : networkOf(address)
}

/** The IPv4 address that an IPv4-mapped one (`::ffff:192.0.2.1`) stands for. */
function mappedIPv4(address: string): string | undefined {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
}

/** The /64 of a valid IPv6 address; of an IPv4-mapped one the IPv4 address. */
export function networkOf(address: string): string {
  const mapped = mappedIPv4(address)
  if (mapped) return mapped
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
