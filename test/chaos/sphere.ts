import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { ensureCertificates } from '../../src/certs/folder.js'
import { backupDataDir } from '../../src/db/backup.js'
import { Client } from '../support/client.js'
import { faultsOfSphere } from '../support/invariants/sphere-dirs.js'
import { LinkProxy } from '../support/link-proxy.js'
import { operate, type ProgramResult } from '../support/operator.js'
import { until } from '../support/until.js'
import { Lock } from './lock.js'
import { Server, type ServerOptions } from './server.js'
import { SmallDisk } from './small-disk.js'

export const REGIONALS = ['eu', 'us', 'ap'] as const
const OPERATOR_TOKEN = 'chaos-operator-token'

/** The storage quota of every account, small enough to be reached. */
export const QUOTA_BYTES = 6 * 1024 ** 2

/** Backups kept per server. */
const BACKUPS = 3

/** Timeout for convergence without load and faults. */
const CONVERGE_TIMEOUT_MS = 300_000

export interface SphereOptions {
  /** The first of ten consecutive free ports. */
  port: number
  /** The servers' data folder; a temporary folder by default. */
  dataRoot?: string
  /** Size of the separate disks of `ap` and the grand; undefined for none. */
  diskBytes?: number
  onFault: (fault: string) => void
}

export interface Status {
  connected: boolean
  unacknowledged: number
  applied_position: number
  log_head: number
  lag_seconds: number | null
  dead_letters: number
  state_digest: string
}

/** A sphere of real processes on this machine, with fault-injecting proxies on its links. */
export class ChaosSphere implements AsyncDisposable {
  readonly folder: string
  readonly servers = new Map<string, Server>()
  readonly links = new Map<string, LinkProxy>()
  readonly disks = new Map<string, SmallDisk>()
  /** One lock per server, held while a fault stops or replaces it. */
  readonly locks = new Map<string, Lock>()
  /** Why the servers have no separate disks, if they have none. */
  noDisksReason: string | undefined
  readonly #backups = new Map<string, string[]>()
  readonly #operators = new Map<string, Client>()

  private constructor(folder: string) {
    this.folder = folder
    process.prependOnceListener('exit', this.#removeAll)
  }

  static async open(options: SphereOptions): Promise<ChaosSphere> {
    const sphere = new ChaosSphere(await mkdtemp(join(tmpdir(), 'chaos-')))
    try {
      await sphere.#open(options)
      return sphere
    } catch (error) {
      await sphere[Symbol.asyncDispose]()
      throw error
    }
  }

  server(name: string): Server {
    return this.servers.get(name) as Server
  }

  link(name: string): LinkProxy {
    return this.links.get(name) as LinkProxy
  }

  lock(name: string): Lock {
    return this.locks.get(name) as Lock
  }

  /** The path of a server's log file. */
  logOf(name: string): string {
    return join(this.folder, `${name}.log`)
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.server(name).port}`
  }

  /** A regional's status with its digest; undefined if it does not respond. */
  async status(name: string): Promise<Status | undefined> {
    const signal = AbortSignal.timeout(5000)
    const operator = this.#operators.get(name) as Client
    return operator
      .ask('GET', '/sync/status?digest=true', { signal })
      .then(({ status, json }) => (status === 200 ? (json as Status) : undefined))
      .catch(() => undefined)
  }

  /** Whether all servers have equal digests and nothing is pending, blobs included. */
  async isQuiet(): Promise<boolean> {
    const all = await Promise.all(REGIONALS.map((name) => this.status(name)))
    const [first] = all
    const inStep = all.every(
      (one) =>
        one?.connected === true &&
        one.unacknowledged === 0 &&
        one.applied_position === one.log_head &&
        one.log_head === first?.log_head &&
        one.state_digest === first.state_digest,
    )
    return (
      inStep && this.#countMissing('grand') === 0 && REGIONALS.every((name) => this.#countMissing(name) === 0)
    )
  }

  /** Waits for `isQuiet`. */
  async waitQuiet(what: string): Promise<void> {
    await until(what, () => this.isQuiet(), CONVERGE_TIMEOUT_MS).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await this.describe()}`)
    })
  }

  /** Stops all servers gracefully and checks their folders. A restart before collects garbage. */
  async faultsOnDisk(): Promise<string[]> {
    await this.stopAll()
    await this.heal()
    await this.waitQuiet('the sphere has converged after the last restart')
    await this.stopAll()
    const dirs = new Map(REGIONALS.map((name) => [name as string, this.server(name).dataDir]))
    return faultsOfSphere(this.server('grand').dataDir, dirs)
  }

  /** The status of all servers, for an error message. */
  async describe(): Promise<string> {
    const lines = await Promise.all(
      REGIONALS.map(
        async (name) =>
          `${name}: ${JSON.stringify(await this.status(name))}, missing ${this.#countMissing(name)}`,
      ),
    )
    return [...lines, `grand: missing ${this.#countMissing('grand')}`].join('\n')
  }

  /** Backs up a running server; returns its kept backups, oldest first. */
  async backUp(name: string): Promise<string[]> {
    const to = join(this.folder, 'backups', `${name}-${Date.now()}`)
    await backupDataDir(this.server(name).dataDir, to)
    const backups = [...(this.#backups.get(name) ?? []), to]
    for (const old of backups.splice(0, backups.length - BACKUPS)) await rm(old, { recursive: true })
    this.#backups.set(name, backups)
    return [...backups]
  }

  /** Runs an operator command on a regional's data, whether the regional runs or not. */
  operate(name: string, command: string[]): Promise<ProgramResult> {
    const program = join(this.folder, 'program/dist/bin/syncsphere.js')
    return operate({ name, dataDir: this.server(name).dataDir }, command, '', program)
  }

  /** Removes all data of a stopped server. */
  async wipe(name: string): Promise<void> {
    const { dataDir } = this.server(name)
    for (const entry of readdirSync(dataDir)) await rm(join(dataDir, entry), { recursive: true })
  }

  /** Replaces all data of a stopped server by a backup. */
  async restoreBackup(name: string, backup: string): Promise<void> {
    await this.wipe(name)
    await cp(backup, this.server(name).dataDir, { recursive: true })
  }

  /** Copies the servers' data and logs. */
  async keep(to: string): Promise<void> {
    await this.killAll()
    for (const { name, dataDir } of this.servers.values()) {
      await cp(dataDir, join(to, name), { recursive: true })
      await cp(this.logOf(name), join(to, `${name}.log`)).catch(() => undefined)
    }
  }

  /** Removes all faults and starts every stopped server. */
  async heal(): Promise<void> {
    for (const link of this.links.values()) link.restore()
    for (const disk of this.disks.values()) disk.restore()
    for (const server of this.servers.values()) server.resume()
    await this.#startAll()
  }

  /** Sends SIGKILL to all servers. */
  async killAll(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.kill()))
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#removeAll)
    for (const server of this.servers.values()) await server.kill()
    for (const link of this.links.values()) await link.close()
    for (const operator of this.#operators.values()) await operator.close()
    this.#removeAll()
  }

  /** Removes processes, mounts and files, also when the run is interrupted. */
  readonly #removeAll = () => {
    for (const server of this.servers.values()) server.killNow()
    for (const disk of this.disks.values()) disk.unmount()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #open({ port, dataRoot = this.folder, diskBytes, onFault }: SphereOptions): Promise<void> {
    await mkdir(join(this.folder, 'backups'))
    const program = join(this.folder, 'program')
    await copyProgram(program)
    const certsDir = join(this.folder, 'certs')
    await ensureCertificates(certsDir, { names: ['grand', ...REGIONALS], now: new Date() })
    const env = { CERTS_DIR: certsDir, LOG_LEVEL: 'warn', MIN_FREE_DISK: '0' }
    this.#add(dataRoot, { name: 'grand', program: join(program, 'dist/bin/grand.js'), port, env, onFault })
    for (const [index, name] of REGIONALS.entries()) {
      const link = await LinkProxy.open(port + 4 + index)
      link.target = port
      this.links.set(name, link)
      const regional = {
        GRAND_URL: `https://127.0.0.1:${link.port}`,
        OPERATOR_TOKEN,
        RATE_LIMITS: 'off',
        STORAGE_QUOTA: String(QUOTA_BYTES),
      }
      this.#add(dataRoot, {
        name,
        program: join(program, 'dist/bin/regional.js'),
        port: port + 1 + index,
        env: { ...env, ...regional },
        onFault,
      })
      const operator = new Client(() => this.url(name))
      operator.headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
      this.#operators.set(name, operator)
    }
    if (diskBytes !== undefined) for (const name of ['grand', 'ap']) this.#giveDisk(name, diskBytes)
    await this.#startAll()
  }

  async #startAll(): Promise<void> {
    const stopped = [...this.servers.values()].filter(({ isRunning }) => !isRunning)
    await Promise.all(stopped.map((server) => server.start()))
  }

  #add(dataRoot: string, server: Omit<ServerOptions, 'dataDir' | 'logFile'>): void {
    const dataDir = join(dataRoot, server.name)
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.servers.set(server.name, new Server({ ...server, dataDir, logFile: this.logOf(server.name) }))
    this.locks.set(server.name, new Lock())
  }

  #giveDisk(name: string, bytes: number): void {
    try {
      this.disks.set(name, new SmallDisk(this.server(name).dataDir, bytes))
    } catch {
      this.noDisksReason = 'cannot mount here: needs root'
    }
  }

  /** Counts a server's missing blobs and unpublished rows. */
  #countMissing(name: string): number {
    const missing = this.#count(name, 'select count(*) from missing')
    const unpublished = name === 'grand' ? 0 : this.#count(name, 'select count(*) from unpublished')
    return missing + unpublished + readdirSync(join(this.server(name).dataDir, 'tmp')).length
  }

  #count(name: string, sql: string): number {
    const file = name === 'grand' ? 'grand.db' : 'regional.db'
    const db = new BetterSqlite3(join(this.server(name).dataDir, file), { readonly: true, timeout: 5000 })
    try {
      return db.prepare(sql).pluck().get() as number
    } finally {
      db.close()
    }
  }
}

/** Copies the built program: all restarts must run the same one, even if another is built meanwhile. */
async function copyProgram(to: string): Promise<void> {
  for (const part of ['dist', 'migrations', 'openapi.yaml', 'package.json'])
    await cp(part, join(to, part), { recursive: true })
  await symlink(resolve('node_modules'), join(to, 'node_modules'))
}
