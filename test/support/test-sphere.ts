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

/** A regional of a sphere, and the piece of network between it and the grand. */
export interface Member {
  regional: TestRegional
  link: LinkProxy
}

/** A grand and regionals in this process, on real sockets with real certificates, that lose and find each other. */
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
    dependencies: RegionalDeps = {},
  ) {
    const sphere = new TestSphere(await mkdtemp(join(tmpdir(), 'sphere-')))
    t.teardown(() => sphere.close())
    await sphere.startGrand()
    for (const name of names) await sphere.add(name, overrides, dependencies)
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

  /** Adds a regional, with a certificate of its own, and opens it. */
  async add(
    name: string,
    overrides: Partial<RegionalConfig> = {},
    dependencies: RegionalDeps = {},
  ): Promise<TestRegional> {
    await ensureCertificates(this.certsDir, { names: ['grand', name], now: new Date() })
    const link = await LinkProxy.open()
    link.target = this.grand.port
    const config = await testConfig({
      ...overrides,
      name,
      dataDir: join(this.#folder, name),
      certsDir: this.certsDir,
      grandUrl: `https://127.0.0.1:${link.port}`,
    })
    const regional = new TestRegional(config, dependencies)
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

  /** The same person as seen by another regional: the session is one for all. */
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

  /** The same person as seen by every regional, each with its name. */
  everywhere(person: Person): [name: string, person: Person][] {
    return this.names.map((name) => [name, this.at(name, person)])
  }

  /** Cuts regionals off, and waits until they know. */
  async partition(...names: string[]): Promise<void> {
    for (const name of names) this.link(name).cut()
    for (const name of names)
      await until(`${name} notices`, async () => (await this.status(name)).connected === false)
  }

  /** Lets all regionals find each other again, and waits until they hold the same state. */
  async heal(): Promise<void> {
    for (const { link } of this.#members.values()) link.restore()
    await this.converged()
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

  /** Sweeps the grand's bytes as if it were a later time, milliseconds since 1970; the grand is closed meanwhile. */
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

  /** Takes away all that a stopped grand had. */
  async wipeGrand(): Promise<void> {
    await rm(this.grandDir, { recursive: true, force: true })
  }

  /** Copies a stopped server's folder, as a backup. */
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

  /** Waits until these have a link to the grand. */
  async connected(...names: string[]): Promise<void> {
    for (const name of names)
      await until(`${name} is connected`, async () => (await this.status(name)).connected === true)
  }

  /** Waits until all that are named have all changes of each other, and hold the same state. */
  async converged(...given: string[]): Promise<void> {
    const names = given.length === 0 ? this.names : given
    let seen: unknown
    await until('all hold the same state', async () => {
      const all = await Promise.all(names.map((name) => this.status(name)))
      seen = all
      const head = Math.max(...all.map((one) => Number(one.log_head)))
      const quiet = all.every(
        (one) => one.connected && one.unacknowledged === 0 && one.applied_position === head,
      )
      return quiet && new Set(await Promise.all(names.map((name) => this.#digest(name)))).size === 1
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(seen)}`)
    })
  }

  /** Waits until these have the bytes of every file, each in its place. */
  async haveAllBlobs(...names: string[]): Promise<void> {
    for (const name of names) {
      const regional = this.regional(name)
      const underWay = () =>
        ['tmp', 'incoming'].flatMap((folder) => readdirSync(join(regional.dataDir, folder)))
      await until(
        `${name} has all bytes`,
        () => regional.rows('select 1 from missing').length === 0 && underWay().length === 0,
      )
    }
  }

  /** What is wrong with any of the regionals, with nothing under way. */
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
