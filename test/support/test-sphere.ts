import { readdirSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type Grand, type GrandDeps, openGrand } from '../../src/app/grand.js'
import type { RegionalDeps } from '../../src/app/regional.js'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { IncomingBlobs } from '../../src/blobs/incoming-blobs.js'
import { ensureCertificates } from '../../src/certs/folder.js'
import type { GrandConfig, RegionalConfig } from '../../src/config/config.js'
import { Database } from '../../src/db/engine/database.js'
import { type Collected, collectGarbage } from '../../src/sync/grand/garbage-collection.js'
import { LinkProxy } from './link-proxy.js'
import type { Person } from './person.js'
import { OPERATOR_TOKEN, TestRegional, testConfig } from './test-regional.js'
import { until } from './until.js'

/** A regional and the proxy between it and the grand. */
export interface Member {
  regional: TestRegional
  link: LinkProxy
}

/** A grand and regionals in this process, with real sockets and certificates, connected by fault-injecting proxies. */
export class TestSphere {
  readonly #folder: string
  readonly #members = new Map<string, Member>()
  #grand: Grand | undefined
  #grandAheadMs = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(
    t: Test,
    names = ['eu', 'us', 'ap'],
    overrides: Partial<RegionalConfig> = {},
    deps: RegionalDeps = {},
  ) {
    const sphere = new TestSphere(await mkdtemp(join(tmpdir(), 'sphere-')))
    t.teardown(() => sphere.close())
    await sphere.startGrand()
    for (const name of names) await sphere.add(name, overrides, deps)
    await sphere.connected(...names)
    return sphere
  }

  get certsDir(): string {
    return join(this.#folder, 'certs')
  }

  get grandDir(): string {
    return join(this.#folder, 'grand')
  }

  get grand(): Grand {
    return this.#grand as Grand
  }

  /** Issues a certificate for a new regional and opens it. */
  async add(
    name: string,
    overrides: Partial<RegionalConfig> = {},
    deps: RegionalDeps = {},
  ): Promise<TestRegional> {
    await ensureCertificates(this.certsDir, { names: ['grand', name], now: new Date() })
    const link = await LinkProxy.open()
    if (this.#grand !== undefined) link.target = this.#grand.port
    const config = await testConfig({
      ...overrides,
      name,
      dataDir: join(this.#folder, name),
      certsDir: this.certsDir,
      grandUrl: `https://127.0.0.1:${link.port}`,
    })
    const regional = new TestRegional(config, deps)
    this.#members.set(name, { regional, link })
    await regional.open()
    return regional
  }

  regional(name: string): TestRegional {
    return this.#member(name).regional
  }

  link(name: string): LinkProxy {
    return this.#member(name).link
  }

  /** A client of another regional with the person's credentials. */
  at(name: string, person: Person): Person {
    const there = this.regional(name).stranger(person.username)
    there.id = person.id
    there.session = person.session
    there.password = person.password
    there.headers = person.headers
    return there
  }

  get names(): string[] {
    return [...this.#members.keys()]
  }

  /** A client of every regional with the person's credentials. */
  everywhere(person: Person): [name: string, person: Person][] {
    return this.names.map((name) => [name, this.at(name, person)])
  }

  /** Partitions regionals from the grand, and waits until they report it. */
  async partition(...names: string[]): Promise<void> {
    for (const name of names) this.link(name).cut()
    for (const name of names)
      await until(`${name} notices`, async () => (await this.status(name)).connected === false)
  }

  /** Restores all links, and waits until the sphere has converged. */
  async heal(): Promise<void> {
    for (const { link } of this.#members.values()) link.restore()
    await this.converged()
  }

  /** Restores links one after the other, each once the log has every change of the one before; then converges. */
  async healInOrder(...names: string[]): Promise<void> {
    for (const name of names) {
      this.link(name).restore()
      await until(`${name} has sent its changes`, async () => {
        const { connected, unacknowledged } = await this.status(name)
        return connected === true && unacknowledged === 0
      })
    }
    await this.heal()
  }

  async startGrand(timing: GrandDeps['timing'] = {}): Promise<void> {
    await ensureCertificates(this.certsDir, { names: ['grand'], now: new Date() })
    const config: GrandConfig = {
      name: 'grand',
      host: '127.0.0.1',
      port: 0,
      dataDir: this.grandDir,
      certsDir: this.certsDir,
      maxFileSizeBytes: 1024 ** 3,
      minFreeDiskBytes: 0,
      operatorToken: undefined,
      logLevel: 'silent',
    }
    const logger = pino({ level: process.env.TEST_LOG ?? 'silent' })
    const now = () => Date.now() + this.#grandAheadMs
    this.#grand = await openGrand(config, { logger, now, timing })
    for (const { link } of this.#members.values()) link.target = this.#grand.port
  }

  async stopGrand(): Promise<void> {
    await this.#grand?.[Symbol.asyncDispose]()
    this.#grand = undefined
  }

  /** Restarts the grand, with a garbage collection in between as of `nowMs` (milliseconds since 1970). */
  async collectGrandGarbage(nowMs: number): Promise<Collected> {
    await this.stopGrand()
    const db = Database.open(join(this.grandDir, 'grand.db'), 'grand')
    const blobs = BlobStore.open(db, this.grandDir)
    const incoming = IncomingBlobs.open(db, blobs, this.grandDir)
    const collected = await collectGarbage(
      { db, blobs, incoming, now: () => nowMs },
      new AbortController().signal,
    )
    await db[Symbol.asyncDispose]()
    await this.startGrand()
    return collected
  }

  /** Removes the data folder of the stopped grand. */
  async wipeGrand(): Promise<void> {
    await rm(this.grandDir, { recursive: true, force: true })
  }

  /** Copies the data folder of a stopped server. */
  async backup(from: string): Promise<string> {
    const to = `${from}-backup-${Math.random().toString(36).slice(2)}`
    await cp(from, to, { recursive: true })
    return to
  }

  async restoreBackup(backup: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true })
    await cp(backup, to, { recursive: true })
  }

  async status(name: string, query = ''): Promise<Record<string, unknown>> {
    const operator = this.regional(name)
      .nobody()
      .as({ authorization: `Bearer ${OPERATOR_TOKEN}` })
    const response = await operator.get(`/sync/status${query}`)
    return response.json as Record<string, unknown>
  }

  async #digest(name: string): Promise<unknown> {
    return (await this.status(name, '?digest=true')).state_digest
  }

  /** Waits until these regionals are connected to the grand. */
  async connected(...names: string[]): Promise<void> {
    for (const name of names)
      await until(`${name} is connected`, async () => (await this.status(name)).connected === true)
  }

  /**
   * Waits until these regionals (all by default) have an empty outbox, are at the log's head, and have equal digests.
   */
  async converged(...selected: string[]): Promise<void> {
    const names = selected.length === 0 ? this.names : selected
    let lastStatuses: unknown
    await until('all regionals have converged', async () => {
      const statuses = await Promise.all(names.map((name) => this.status(name)))
      lastStatuses = statuses
      const head = Math.max(...statuses.map((one) => Number(one.log_head)))
      const isIdle = statuses.every(
        (one) => one.connected && one.unacknowledged === 0 && one.applied_position === head,
      )
      return isIdle && new Set(await Promise.all(names.map((name) => this.#digest(name)))).size === 1
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(lastStatuses)}`)
    })
  }

  /** Waits until these regionals have every blob and no transfer in flight. */
  async haveAllBlobs(...names: string[]): Promise<void> {
    for (const name of names) {
      const regional = this.regional(name)
      const transfersInFlight = () =>
        ['tmp', 'incoming'].flatMap((folder) => readdirSync(join(regional.dataDir, folder)))
      await until(
        `${name} has all blobs`,
        () => regional.rows('select 1 from missing').length === 0 && transfersInFlight().length === 0,
      )
    }
  }

  /** Checks the invariants of every regional's data folder; the sphere must be idle. */
  async faults(): Promise<string[]> {
    const all = await Promise.all(
      [...this.#members].map(async ([name, { regional }]) =>
        (await regional.faults()).map((fault) => `${name}: ${fault}`),
      ),
    )
    return all.flat()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ regional }) => regional.close()))
    await this.stopGrand()
    await Promise.all([...this.#members.values()].map(({ link }) => link.close()))
    await rm(this.#folder, { recursive: true, force: true })
  }

  #member(name: string): Member {
    return this.#members.get(name) as Member
  }
}
