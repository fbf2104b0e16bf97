import BetterSqlite3 from 'better-sqlite3'
import type { Logger } from 'pino'
import { type GrandCore, openGrandCore } from '../../src/app/grand-core.js'
import {
  openTransfer,
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

/** All that a server keeps: what is committed, and its files. */
interface DatabaseFiles {
  connection: BetterSqlite3.Database
  files: MemoryFiles
}

/** A copy of it, taken at one moment. */
interface Backup {
  database: Buffer
  files: MemoryFiles
}

export type OnLog = (level: Level, server: string, message: string, details: object) => void
type Level = 'debug' | 'info' | 'warn' | 'error'

export interface Surroundings {
  world: World
  network: Network
  /** What a server logs. */
  onLog: OnLog
}

/** A server that lives, dies and lives again on what it keeps. */
abstract class Server {
  readonly name: string
  readonly #surroundings: Surroundings
  readonly #migrations: string
  #keeping: DatabaseFiles
  #backup: Backup | undefined
  #lives = 0
  protected life: Life | undefined
  /** How far its clock is from the true time. */
  skewMs = 0
  /** Called before each of its lives; for sabotage.ts. */
  prepare: (connection: BetterSqlite3.Database) => void = () => {}

  /** Whether its disk makes durable what it says it does; for sabotage.ts. */
  diskIsHonest = true

  constructor(name: string, migrations: string, surroundings: Surroundings) {
    this.name = name
    this.#surroundings = surroundings
    this.#migrations = migrations
    this.#keeping = this.#fresh()
  }

  get isUp(): boolean {
    return this.life !== undefined
  }

  get keeping(): DatabaseFiles {
    return this.#keeping
  }

  /** What is committed, whether it lives or not. */
  get reader(): Tx {
    return readerOf(this.#keeping.connection)
  }

  wallMs(): number {
    return this.#surroundings.world.wallMs + this.skewMs
  }

  start(): void {
    if (this.isUp) return
    this.#lives += 1
    const { world, network } = this.#surroundings
    const life = new Life(world, `${this.name}-${this.#lives}`)
    this.life = life
    this.#keeping.files.serve(life, this.diskIsHonest)
    this.prepare(this.#keeping.connection)
    void this.begin(life, network).catch((error: Error) => {
      this.#surroundings.onLog('error', this.name, 'could not start', { err: error })
    })
  }

  /** It is gone from one moment to the next; with the power also goes what the disk had not made durable. */
  crash(power: boolean): void {
    if (this.life === undefined) return
    this.#surroundings.network.died(this.life)
    this.life.end()
    this.life = undefined
    // What was not committed is gone with it.
    const { connection } = this.#keeping
    if (connection.inTransaction) connection.exec('ROLLBACK')
    this.dispose()
    if (power) this.#keeping.files.lose()
  }

  /** It ends as it should. */
  async stop(): Promise<void> {
    const { life } = this
    if (life === undefined) return
    await this.finish()
    if (this.life === life) this.crash(false)
  }

  backUp(): void {
    const { connection, files } = this.#keeping
    // Readers end a transaction that is open for more to come.
    this.reader.get({ sql: 'select 1', parameters: [] })
    this.#backup = { database: connection.serialize(), files: files.copy() }
  }

  get hasBackup(): boolean {
    return this.#backup !== undefined
  }

  /** Puts the last backup in the place of everything. */
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
    this.#keeping.connection.close()
  }

  protected log(): Logger {
    const { world, onLog } = this.#surroundings
    const say = (level: Level) => (details: unknown, message?: string) => {
      const text = message ?? String(details)
      if (level !== 'debug') world.trace(`${this.name} ${level}: ${text} ${describe(details)}`)
      onLog(level, this.name, text, details as object)
    }
    return {
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
    } as unknown as Logger
  }

  abstract collectGarbage(): Promise<void>

  protected abstract begin(life: Life, network: Network): Promise<void>
  protected abstract finish(): Promise<void>
  protected abstract dispose(): void

  #fresh(): DatabaseFiles {
    const files = new MemoryFiles(() => this.wallMs())
    return { connection: openCopy(templateOf(this.#migrations)), files }
  }

  #replace(keeping: DatabaseFiles): void {
    this.#keeping.connection.close()
    this.#keeping = keeping
  }
}

/** Passwords as they are: what is simulated is not their strength. */
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
  /** Told after each commit that put changes into the outbox, before anybody else hears of them. */
  onOutbox: () => void = () => {}

  constructor(name: string, surroundings: Surroundings) {
    super(name, 'regional', surroundings)
  }

  override get reader(): Tx {
    // Only its reading half is used.
    return (this.db as unknown as Tx | undefined) ?? super.reader
  }

  protected async begin(life: Life, network: Network): Promise<void> {
    const { connection, files } = this.keeping
    const { name } = this
    const db = Database.fromConnection(connection, life.timers)
    await ensureIdentity(db, name, life.random)
    const blobs = new BlobStore(db, FOLDER, files)
    const clock = new SystemClock(() => this.wallMs())
    const now = () => clock.now()
    const { random, timers } = life
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
    const transfer = openTransfer(policy, parts, network.blobsFrom(name, life))
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
    Object.assign(this, { services, sync, blobs, db })
  }

  /** One round of removing what is of no use any more. */
  async collectGarbage(): Promise<void> {
    const { db, blobs, services, life } = this
    if (!db || !blobs || !services || !life) return
    const { timers } = life
    const { eventLog } = services
    await collectGarbage(
      { db, blobs, eventLog, now: () => this.wallMs(), timers },
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
    const { connection, files } = this.keeping
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

  /** One round of removing bytes that are of no use any more. */
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

/** An empty database that is migrated. */
export function templateOf(migrations: string): Buffer {
  const known = templates.get(migrations)
  if (known !== undefined) return known
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

/** A server that dies and lives again goes on with the same connection: its statements need not be prepared anew. */
function rememberStatements(connection: BetterSqlite3.Database): void {
  const prepare = connection.prepare.bind(connection)
  const prepared = new Map<string, BetterSqlite3.Statement>()
  connection.prepare = ((sql: string) => {
    const statement = prepared.get(sql) ?? prepare(sql)
    prepared.set(sql, statement)
    return statement
  }) as typeof connection.prepare
}

/** Everything at once: for who looks on, or works on a database that nobody else uses. */
export const BATCH: Timers = {
  now: () => 0,
  after: () => ({ stop: () => {} }),
  every: () => ({ stop: () => {} }),
  soon: (run) => run(),
}

const readers = new WeakMap<BetterSqlite3.Database, Database>()

function readerOf(connection: BetterSqlite3.Database): Tx {
  const reader = readers.get(connection) ?? Database.fromConnection(connection, BATCH)
  readers.set(connection, reader)
  // Only its reading half is used.
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
