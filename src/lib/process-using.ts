import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { basename } from 'node:path'

const LISTENING = '0A'
const ANY_ADDRESS = /^0+$/

/**
 * Names the process that listens on a local port: `process 4711 (nginx)`. It reads Linux's /proc, which shows only the
 * processes of the same user; any other is `another process`.
 */
export function processUsingPort(host: string, port: number): string {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeners(table, host, port))
  return describe(processWith(inodes.map((inode) => `socket:[${inode}]`)))
}

/** Names the other process that has a file open, as `processUsingPort` does. */
export function processUsingFile(path: string): string {
  return describe(processWith([realpathSync(path)]))
}

function listeners(table: string, host: string, port: number): string[] {
  const rows = attempt(() => readFileSync(table, 'utf8').split('\n').slice(1), [])
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
    const [address = '', hexPort = ''] = local.split(':')
    const isOurs = ANY_ADDRESS.test(address) || !isIPv4(host) || address === hexAddress(host)
    return state === LISTENING && Number.parseInt(hexPort, 16) === port && isOurs ? [inode] : []
  })
}

/** An address as /proc/net/tcp writes it: hexadecimal, last octet first. */
function hexAddress(ipv4: string): string {
  const parts = ipv4.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return parts.reverse().join('').toUpperCase()
}

/** @param targets link targets as in /proc/PID/fd
 * @returns the id of another process that has one of them open */
function processWith(targets: string[]): string | undefined {
  const others = attempt(() => readdirSync('/proc'), []).filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid),
  )
  return others.find((pid) => openFilesOf(pid).some((target) => targets.includes(target)))
}

function openFilesOf(pid: string): string[] {
  const folder = `/proc/${pid}/fd`
  return attempt(() => readdirSync(folder), []).map((fd) =>
    attempt(() => readlinkSync(`${folder}/${fd}`), ''),
  )
}

function describe(pid: string | undefined): string {
  if (pid === undefined) return 'another process'
  const name = attempt(() => basename(readlinkSync(`/proc/${pid}/exe`)), '')
  return name === '' ? `process ${pid}` : `process ${pid} (${name})`
}

/** Processes end while /proc is read, and those of other users are not readable. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
