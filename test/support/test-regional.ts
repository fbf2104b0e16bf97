import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { pino } from 'pino'
import type { Test } from 'tap'
import { openRegional, type Regional, type RegionalDeps } from '../../src/app/regional.js'
import type { RegionalConfig } from '../../src/config/config.js'
import { Client } from './client.js'
import { faultsOfDataDir } from './invariants/regional-dir.js'
import { Person } from './person.js'

export const OPERATOR_TOKEN = 'operator-token-of-the-tests'

/** A regional server in this process, on a free port and in a folder of its own, with people who use it. */
export class TestRegional {
  readonly config: RegionalConfig
  readonly #dependencies: RegionalDeps
  #regional: Regional | undefined
  readonly #clients: Client[] = []
  /** Added to the wall clock. */
  #aheadMs = 0

  constructor(config: RegionalConfig, dependencies: RegionalDeps = {}) {
    this.config = config
    this.#dependencies = dependencies
  }

  get url(): string {
    return this.#regional?.url ?? ''
  }

  get dataDir(): string {
    return this.config.dataDir
  }

  async open(): Promise<void> {
    const logger = pino({ level: 'silent' })
    const now = () => Date.now() + this.#aheadMs
    this.#regional = await openRegional(this.config, { logger, now, ...this.#dependencies })
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.stop()
  }

  /** Closes the server; the people who use it stay, and find it again when it is opened. */
  async stop(): Promise<void> {
    await this.#regional?.[Symbol.asyncDispose]()
    this.#regional = undefined
  }

  /** Closes it and opens it again on what it left; its port is another one then. */
  async restart(): Promise<void> {
    await this.stop()
    await this.open()
  }

  /** Lets time pass for the server. */
  pass(ms: number): void {
    this.#aheadMs += ms
  }

  /** Somebody without login. */
  nobody(address?: string): Client {
    return this.#keep(new Client(() => this.url, address))
  }

  /** Somebody with a name and no account yet. */
  stranger(username: string, address?: string): Person {
    return this.#keep(new Person(() => this.url, username, address))
  }

  /** Registers somebody and logs them in. */
  async person(username: string, address?: string): Promise<Person> {
    const person = this.stranger(username, address)
    await person.register()
    await person.logIn()
    return person
  }

  /** What the database holds, committed. */
  rows<Row = Record<string, unknown>>(sql: string, ...params: unknown[]): Row[] {
    const db = new BetterSqlite3(join(this.dataDir, 'regional.db'), { readonly: true })
    try {
      return db.prepare(sql).all(params) as Row[]
    } finally {
      db.close()
    }
  }

  /** Writes past the server what it would never write itself. */
  execute(sql: string, ...params: unknown[]): void {
    const db = new BetterSqlite3(join(this.dataDir, 'regional.db'))
    try {
      db.prepare(sql).run(params)
    } finally {
      db.close()
    }
  }

  /** What is wrong on disk and in the database, as far as it can be told while nothing is under way. */
  faults(): Promise<string[]> {
    return faultsOfDataDir(this.dataDir)
  }

  #keep<T extends Client>(client: T): T {
    this.#clients.push(client)
    return client
  }
}

export async function testConfig(overrides: Partial<RegionalConfig> = {}): Promise<RegionalConfig> {
  return {
    name: 'eu',
    host: '127.0.0.1',
    port: 0,
    dataDir: overrides.dataDir ?? (await mkdtemp(join(tmpdir(), 'regional-'))),
    certsDir: 'certs/dev',
    maxFileSizeBytes: 1024 ** 3,
    minFreeDiskBytes: 0,
    operatorToken: OPERATOR_TOKEN,
    logLevel: 'silent',
    grandUrl: undefined,
    tls: undefined,
    publicOrigin: undefined,
    trustProxy: false,
    storageQuotaBytes: 1024 ** 3,
    registration: 'open',
    rateLimits: false,
    ...overrides,
  }
}

/** Opens a regional for one test, and takes it away with all it stored when the test ends. */
export async function openTestRegional(
  t: Test,
  overrides: Partial<RegionalConfig> = {},
  dependencies: RegionalDeps = {},
): Promise<TestRegional> {
  const regional = new TestRegional(await testConfig(overrides), dependencies)
  t.teardown(async () => {
    await regional.close()
    await rm(regional.dataDir, { recursive: true, force: true })
  })
  await regional.open()
  return regional
}
