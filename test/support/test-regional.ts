import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { pino } from 'pino'
import type { Test } from 'tap'
import { openRegional, type Regional, type RegionalDeps } from '../../src/app/regional.js'
import type { RegionalConfig } from '../../src/config/config.js'
import { DAY_MS } from '../../src/lib/durations.js'
import { Client } from './client.js'
import { faultsOfDataDir } from './invariants/regional-dir.js'
import { Person } from './person.js'

export const OPERATOR_TOKEN = 'operator-token-of-the-tests'

/** A regional server in this process, on a free port, with a data folder and clients of its own. */
export class TestRegional {
  readonly config: RegionalConfig
  readonly #deps: RegionalDeps
  #regional: Regional | undefined
  readonly #clients: Client[] = []
  /** Offset of the server's clock from the wall clock. */
  #aheadMs = 0

  constructor(config: RegionalConfig, deps: RegionalDeps = {}) {
    this.config = config
    this.#deps = deps
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
    this.#regional = await openRegional(this.config, { logger, now, ...this.#deps })
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.stop()
  }

  /** Closes the server; its clients reconnect once it is open again. */
  async stop(): Promise<void> {
    await this.#regional?.[Symbol.asyncDispose]()
    this.#regional = undefined
  }

  /** Closes the server and opens it on the same data folder, with another port. */
  async restart(): Promise<void> {
    await this.stop()
    await this.open()
  }

  /** Advances the server's clock. */
  pass(ms: number): void {
    this.#aheadMs += ms
  }

  /** A client without credentials. */
  nobody(address?: string): Client {
    return this.#closeLater(new Client(() => this.url, address))
  }

  /** A client with a username but no account. */
  stranger(username: string, address?: string): Person {
    return this.#closeLater(new Person(() => this.url, username, address))
  }

  /** Registers an account and logs in. */
  async person(username: string, address?: string): Promise<Person> {
    const person = this.stranger(username, address)
    await person.register()
    await person.logIn()
    return person
  }

  /** Reads committed rows from the database. */
  rows<Row = Record<string, unknown>>(sql: string, ...params: unknown[]): Row[] {
    const db = new BetterSqlite3(join(this.dataDir, 'regional.db'), { readonly: true })
    try {
      return db.prepare(sql).all(params) as Row[]
    } finally {
      db.close()
    }
  }

  /** Writes to the database behind the server's back. */
  execute(sql: string, ...params: unknown[]): void {
    const db = new BetterSqlite3(join(this.dataDir, 'regional.db'))
    try {
      db.prepare(sql).run(params)
    } finally {
      db.close()
    }
  }

  /** Checks the invariants of the data folder; the server must be idle. */
  faults(): Promise<string[]> {
    return faultsOfDataDir(this.dataDir)
  }

  #closeLater<T extends Client>(client: T): T {
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
    accountGraceMs: 14 * DAY_MS,
    rateLimits: false,
    ...overrides,
  }
}

/** Opens a regional that is closed and removed when the test ends. */
export async function openTestRegional(
  t: Test,
  overrides: Partial<RegionalConfig> = {},
  deps: RegionalDeps = {},
): Promise<TestRegional> {
  const regional = new TestRegional(await testConfig(overrides), deps)
  t.teardown(async () => {
    await regional.close()
    await rm(regional.dataDir, { recursive: true, force: true })
  })
  await regional.open()
  return regional
}
