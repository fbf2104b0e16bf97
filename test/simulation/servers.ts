import BetterSqlite3 from 'better-sqlite3'
import type { Logger } from 'pino'
import { type GrandCore, openGrandCore } from '../../src/app/grand-core.js'
import {
  createBlobTransfer,
  type RegionalServices,
  regionalServices,
  startSync,
} from '../../src/app/regional-core.js'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { Database, type Tx } from '../../src/db/engine/database.js'
import { migrate } from '../../src/db/engine/migrate.js'
import { ensureIdentity } from '../../src/db/identity.js'
import { collectGarbage } from '../../src/domain/garbage-collection.js'
import { SystemClock } from '../../src/domain/system-clock.js'
import type { Timers } from '../../src/lib/timers.js'
import type { GrandMetrics } from '../../src/sync/grand/metrics.js'
import type { SyncClient } from '../../src/sync/regional/sync-client.js'
import { MemoryFiles } from './memory-files.js'
import type { Network } from './network.js'
import { Life, type World } from './world.js'

/** The durable state of a server: its database and its files. */
interface DurableState {
  connection: BetterSqlite3.Database
  files: MemoryFiles
}

/** A copy of a server's durable state. */
interface Backup {
  database: Buffer
  files: MemoryFiles
}

export type OnLog = (level: Level, server: string, message: string, details: object) => void
type Level = 'debug' | 'info' | 'warn' | 'error'

export interface Surroundings {
  world: World
  network: Network
  /** Receives the log lines of a server. */
  onLog: OnLog
}

/** A server that can crash and restart on its durable state. */
abstract class Server {
  readonly name: string
  readonly #surroundings: Surroundings
  readonly #migrations: string
  #durable: DurableState
  #backup: Backup | undefined
  #lives = 0
  protected life: Life | undefined
  /** Offset of its clock from the true time. */
  skewMs = 0
  /** Runs before each start; for sabotage.ts. */
  prepare: (connection: BetterSqlite3.Database) => void = () => {}

  /** Whether fsync makes data durable; for sabotage.ts. */
  diskIsHonest = true

  constructor(name: string, migrations: string, surroundings: Surroundings) {
    this.name = name
    this.#surroundings = surroundings
    this.#migrations = migrations
    this.#durable = this.#fresh()
  }

  get isRunning(): boolean {
    return this.life !== undefined
  }

  get durable(): DurableState {
    return this.#durable
  }

  /** Reads committed rows, even while the server is down. */
  get reader(): Tx {
    return readOnly(this.#durable.connection)
  }

  wallMs(): number {
    return this.#surroundings.world.wallMs + this.skewMs
  }

  start(): void {
    if (this.isRunning) return
    this.#lives += 1
    const { world, network } = this.#surroundings
    const life = new Life(world, `${this.name}-${this.#lives}`)
    this.life = life
    this.#durable.files.attach(life, this.diskIsHonest)
    this.prepare(this.#durable.connection)
    void this.begin(life, network).catch((error: Error) => {
      this.#surroundings.onLog('error', this.name, 'could not start', { err: error })
    })
  }

  /** Stops the server at once. @param power whether the power fails too, which drops data that was not made durable */
  crash(power: boolean): void {
    if (this.life === undefined) return
    this.#surroundings.network.resetConnectionsOf(this.life)
    this.life.end()
    this.life = undefined
    // A crash drops the open transaction.
    const { connection } = this.#durable
    if (connection.inTransaction) connection.exec('ROLLBACK')
    this.dispose()
    if (power) this.#durable.files.losePower()
  }

  /** Shuts the server down gracefully. */
  async stop(): Promise<void> {
    const { life } = this
    if (life === undefined) return
    await this.finish()
    if (this.life === life) this.crash(false)
  }

  backUp(): void {
    const { connection, files } = this.#durable
    // Any read ends a read transaction that group commit keeps open.
    this.reader.get({ sql: 'select 1', parameters: [] })
    this.#backup = { database: connection.serialize(), files: files.copy() }
  }

  get hasBackup(): boolean {
    return this.#backup !== undefined
  }

  /** Replaces the durable state by the last backup. */
  restore(): void {
    if (this.#backup === undefined) return
    const { database, files } = this.#backup
    this.#replace({ connection: openCopy(database), files: files.copy() })
  }

  wipe(): void {
    this.#replace(this.#fresh())
  }

  close(): void {
    this.crash(false)
    this.#durable.connection.close()
  }

  protected log(): Logger {
    const { world, onLog } = this.#surroundings
    const logAt = (level: Level) => (details: unknown, message?: string) => {
      const text = message ?? String(details)
      if (level !== 'debug') world.trace(`${this.name} ${level}: ${text} ${describe(details)}`)
      onLog(level, this.name, text, details as object)
    }
    return {
      debug: logAt('debug'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    } as unknown as Logger
  }

  abstract collectGarbage(): Promise<void>

  protected abstract begin(life: Life, network: Network): Promise<void>
  protected abstract finish(): Promise<void>
  protected abstract dispose(): void

  #fresh(): DurableState {
    const files = new MemoryFiles(() => this.wallMs())
    return { connection: openCopy(templateOf(this.#migrations)), files }
  }

  #replace(state: DurableState): void {
    this.#durable.connection.close()
    this.#durable = state
  }
}

/** Shorter than the day that a run may skip, so that closed accounts are erased. */
const ACCOUNT_GRACE_MS = 6 * 3600 * 1000

/** Unhashed passwords: Argon2 would only cost time. */
const PASSWORDS = {
  hash: async (password: string) => `plain:${password}`,
  verify: async (phc: string | undefined, password: string) => phc === `plain:${password}`,
  isOutdated: () => false,
}

export const STORAGE_QUOTA_BYTES = 4 * 1024 * 1024

export class SimulatedRegional extends Server {
  services: RegionalServices | undefined
  sync: SyncClient | undefined
  blobs: BlobStore | undefined
  db: Database | undefined
  clock: SystemClock | undefined
  /** Runs after each commit that adds to the outbox, before replication sees it. */
  onOutbox: () => void = () => {}

  constructor(name: string, surroundings: Surroundings) {
    super(name, 'regional', surroundings)
  }

  override get reader(): Tx {
    // Only its read methods are used.
    return (this.db as unknown as Tx | undefined) ?? super.reader
  }

  protected async begin(life: Life, network: Network): Promise<void> {
    const { connection, files } = this.durable
    const { name } = this
    const db = Database.fromConnection(connection, life.timers)
    await ensureIdentity(db, name, life.random)
    const blobs = BlobStore.open(db, FOLDER, { files, random: life.random })
    const { random, timers } = life
    const clock = new SystemClock(() => this.wallMs(), timers)
    const now = () => clock.now()
    const policy = {
      name,
      dataDir: FOLDER,
      storageQuotaBytes: STORAGE_QUOTA_BYTES,
      registration: 'open',
      maxFileSizeBytes: 1024 * 1024,
      minFreeDiskBytes: 0,
    } as const
    const parts = {
      db,
      blobs,
      clock,
      machine: { now: () => this.wallMs(), timers, random, files },
      logger: this.log(),
    }
    const transfer = createBlobTransfer(policy, parts, network.blobsFrom(name, life))
    const services = regionalServices(policy, {
      db,
      blobs,
      now,
      random,
      passwords: PASSWORDS,
      remoteRead: (...range) => transfer.read(...range),
    })
    services.journal.outboxGrown.subscribe(() => this.onOutbox())
    const link = { dial: network.dialFrom(name, life), transfer }
    const sync = startSync(policy, { ...parts, services }, link)
    Object.assign(this, { services, sync, blobs, db, clock })
  }

  /** Collects garbage once. */
  async collectGarbage(): Promise<void> {
    const { db, blobs, services, life, clock } = this
    if (!db || !blobs || !services || !life || !clock) return
    const { timers } = life
    const { eventLog, journal } = services
    const times = { accountGraceMs: ACCOUNT_GRACE_MS, now: () => this.wallMs(), timers }
    const confirmedNow = () => clock.confirmedNow()
    await collectGarbage(
      { db, blobs, eventLog, journal, confirmedNow, ...times },
      new AbortController().signal,
    )
  }

  protected async finish(): Promise<void> {
    await this.sync?.[Symbol.asyncDispose]()
    await this.db?.write(() => undefined)
  }

  protected dispose(): void {
    this.services = undefined
    this.sync = undefined
    this.blobs = undefined
    this.db = undefined
    this.clock = undefined
  }
}

export class SimulatedGrand extends Server {
  core: GrandCore | undefined
  readonly #network: Network

  constructor(surroundings: Surroundings) {
    super('grand', 'grand', surroundings)
    this.#network = surroundings.network
  }

  protected async begin(life: Life, network: Network): Promise<void> {
    const { connection, files } = this.durable
    const db = Database.fromConnection(connection, life.timers)
    const { random, timers } = life
    const machine = { now: () => this.wallMs(), timers, random, files }
    const config = {
      name: this.name,
      dataDir: FOLDER,
      minFreeDiskBytes: 2 ** 20,
      maxFileSizeBytes: 1024 * 1024,
    }
    const core = await openGrandCore(config, { db, machine, logger: this.log(), measure: () => UNMEASURED })
    this.core = core
    network.listen({ life, core })
  }

  /** Collects garbage once. */
  async collectGarbage(): Promise<void> {
    await this.core?.collectGarbage(new AbortController().signal)
  }

  protected async finish(): Promise<void> {
    this.#network.listen(undefined)
    await this.core?.hub[Symbol.asyncDispose]()
  }

  protected dispose(): void {
    this.#network.listen(undefined)
    this.core = undefined
  }
}

const FOLDER = '/data'

const UNMEASURED: GrandMetrics = {
  changesLogged: () => {},
  refused: () => {},
  connectionRefused: () => {},
  bytesReceived: () => {},
  bytesSent: () => {},
  corruptBlob: () => {},
}

const templates = new Map<string, Buffer>()

/** An empty database with all migrations applied. */
export function templateOf(migrations: string): Buffer {
  const cached = templates.get(migrations)
  if (cached !== undefined) return cached
  const connection = new BetterSqlite3(':memory:')
  migrate(connection, migrations)
  const template = connection.serialize()
  connection.close()
  templates.set(migrations, template)
  return template
}

export function openCopy(database: Buffer): BetterSqlite3.Database {
  const connection = new BetterSqlite3(database)
  connection.pragma('journal_mode = MEMORY')
  connection.pragma('synchronous = OFF')
  connection.pragma('temp_store = MEMORY')
  rememberStatements(connection)
  return connection
}

/** Caches prepared statements, because all lives of a server share a connection. */
function rememberStatements(connection: BetterSqlite3.Database): void {
  const prepare = connection.prepare.bind(connection)
  const prepared = new Map<string, BetterSqlite3.Statement>()
  connection.prepare = ((sql: string) => {
    const statement = prepared.get(sql) ?? prepare(sql)
    prepared.set(sql, statement)
    return statement
  }) as typeof connection.prepare
}

/** Timers that run immediately: for checks, and for a database with a single user. */
export const IMMEDIATE_TIMERS: Timers = {
  now: () => 0,
  after: () => ({ stop: () => {} }),
  every: () => ({ stop: () => {} }),
  soon: (run) => run(),
}

const readers = new WeakMap<BetterSqlite3.Database, Database>()

function readOnly(connection: BetterSqlite3.Database): Tx {
  const reader = readers.get(connection) ?? Database.fromConnection(connection, IMMEDIATE_TIMERS)
  readers.set(connection, reader)
  // Only its read methods are used.
  return reader as unknown as Tx
}

function describe(details: unknown): string {
  if (typeof details !== 'object' || details === null) return ''
  const plain = Object.entries(details).map(([name, value]) => [
    name,
    value instanceof Error ? value.message : value,
  ])
  return JSON.stringify(Object.fromEntries(plain))
}
