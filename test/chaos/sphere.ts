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

/** Of every account, small enough to be met. */
export const QUOTA_BYTES = 6 * 1024 ** 2

/** Kept of each server. */
const BACKUPS = 3

/** After which a sphere that is left alone has to be in step. */
const CONVERGE_MS = 300_000

export interface SphereOptions {
  /** The first of ten ports that are free. */
  port: number
  /** Where the servers' data is, or is to be; a folder of its own by default. */
  dataRoot?: string
  /** Size of the disk that `ap` and the grand have each for themselves; without it they have none. */
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

/** A sphere of real processes on this machine, with a piece of network of our own before each link. */
export class ChaosSphere implements AsyncDisposable {
  readonly folder: string
  readonly servers = new Map<string, Server>()
  readonly links = new Map<string, LinkProxy>()
  readonly disks = new Map<string, SmallDisk>()
  /** Whoever stops, kills or replaces a server has it alone. */
  readonly locks = new Map<string, Lock>()
  /** Why there are no small disks, if there are none. */
  diskless: string | undefined
  readonly #backups = new Map<string, string[]>()
  readonly #operators = new Map<string, Client>()

  private constructor(folder: string) {
    this.folder = folder
    process.prependOnceListener('exit', this.#vanish)
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

  /** The file that takes what a server says. */
  logOf(name: string): string {
    return join(this.folder, `${name}.log`)
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.server(name).port}`
  }

  /** What a regional says of itself, its digest included; undefined when it does not answer. */
  async status(name: string): Promise<Status | undefined> {
    const signal = AbortSignal.timeout(5000)
    const operator = this.#operators.get(name) as Client
    return operator
      .ask('GET', '/sync/status?digest=true', { signal })
      .then(({ status, json }) => (status === 200 ? (json as Status) : undefined))
      .catch(() => undefined)
  }

  /** Whether all hold the same state and nothing is on its way any more, bytes included. */
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

  /** Waits until it is quiet. */
  async quiet(what: string): Promise<void> {
    await until(what, () => this.isQuiet(), CONVERGE_MS).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await this.describe()}`)
    })
  }

  /** Ends it in good order, and tells what is wrong in its folders then; what is of no use any more goes at a start. */
  async faultsOnDisk(): Promise<string[]> {
    await this.stopAll()
    await this.heal()
    await this.quiet('all is in step after a last restart')
    await this.stopAll()
    const dirs = new Map(REGIONALS.map((name) => [name as string, this.server(name).dataDir]))
    return faultsOfSphere(this.server('grand').dataDir, dirs)
  }

  /** How it is, for people. */
  async describe(): Promise<string> {
    const lines = await Promise.all(
      REGIONALS.map(
        async (name) =>
          `${name}: ${JSON.stringify(await this.status(name))}, lacks ${this.#countMissing(name)}`,
      ),
    )
    return [...lines, `grand lacks ${this.#countMissing('grand')}`].join('\n')
  }

  /** Copies a server's folder while it runs; gives this backup and the ones before it, oldest first. */
  async backUp(name: string): Promise<string[]> {
    const to = join(this.folder, 'backups', `${name}-${Date.now()}`)
    await backupDataDir(this.server(name).dataDir, to)
    const backups = [...(this.#backups.get(name) ?? []), to]
    for (const old of backups.splice(0, backups.length - BACKUPS)) await rm(old, { recursive: true })
    this.#backups.set(name, backups)
    return [...backups]
  }

  /** Runs a command of the operator's on a regional's data, whether it runs or not. */
  operate(name: string, command: string[]): Promise<ProgramResult> {
    const program = join(this.folder, 'program/dist/bin/syncsphere.js')
    return operate({ name, dataDir: this.server(name).dataDir }, command, '', program)
  }

  /** Takes away all that a stopped server had. */
  async wipe(name: string): Promise<void> {
    const { dataDir } = this.server(name)
    for (const entry of readdirSync(dataDir)) await rm(join(dataDir, entry), { recursive: true })
  }

  /** Puts a backup in the place of all that a stopped server had. */
  async putBack(name: string, backup: string): Promise<void> {
    await this.wipe(name)
    await cp(backup, this.server(name).dataDir, { recursive: true })
  }

  /** Copies what servers hold and said, for people to look at. */
  async keep(to: string): Promise<void> {
    await this.killAll()
    for (const { name, dataDir } of this.servers.values()) {
      await cp(dataDir, join(to, name), { recursive: true })
      await cp(this.logOf(name), join(to, `${name}.log`)).catch(() => undefined)
    }
  }

  /** Takes away everything that disturbs, and starts what does not run. */
  async heal(): Promise<void> {
    for (const link of this.links.values()) link.restore()
    for (const disk of this.disks.values()) disk.restore()
    for (const server of this.servers.values()) server.resume()
    await this.#startAll()
  }

  /** SIGKILL for all, at once. */
  async killAll(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.kill()))
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#vanish)
    for (const server of this.servers.values()) await server.kill()
    for (const link of this.links.values()) await link.close()
    for (const operator of this.#operators.values()) await operator.close()
    this.#vanish()
  }

  /** Leaves nothing behind, also where the run is ended in the middle. */
  readonly #vanish = () => {
    for (const server of this.servers.values()) server.forget()
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
      this.diskless = 'nothing can be mounted here: it needs root'
    }
  }

  /** What a server still has to get or to tell. */
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

/** Servers are started again and again: they all have to be the same program, even when another one is built meanwhile. */
async function copyProgram(to: string): Promise<void> {
  for (const part of ['dist', 'migrations', 'openapi.yaml', 'package.json'])
    await cp(part, join(to, part), { recursive: true })
  await symlink(resolve('node_modules'), join(to, 'node_modules'))
}
