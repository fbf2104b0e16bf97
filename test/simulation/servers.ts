import BetterSqlite3 from 'better-sqlite3'
import type { Logger } from 'pino'
import { type GrandCore, openGrandCore } from '../../src/app/grand-core.js'
import {
  joinSphere,
  openTransfer,
  type RegionalServices,
  regionalServices,
} from '../../src/app/regional-core.js'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { Database, type Tx } from '../../src/db/engine/database.js'
import { migrate } from '../../src/db/engine/migrate.js'
import { identify } from '../../src/db/identity.js'
import { clean } from '../../src/domain/garbage-collection.js'
import { SystemClock } from '../../src/domain/system-clock.js'
import type { Timers } from '../../src/lib/timers.js'
import type { GrandMetrics } from '../../src/sync/grand/metrics.js'
import type { SyncPlugin } from '../../src/sync/regional/sync-client.js'
import { MemoryFiles } from './memory-files.js'
import type { Network } from './network.js'
import { Life, type World } from './world.js'

/** All that a server keeps: what is committed, and its files. */
interface Keeping {
  connection: BetterSqlite3.Database
  files: MemoryFiles
}

/** A copy of it, taken at one moment. */
interface Backup {
  database: Buffer
  files: MemoryFiles
}

export type Told = (level: Level, server: string, message: string, details: object) => void
type Level = 'debug' | 'info' | 'warn' | 'error'

export interface Surroundings {
  world: World
  network: Network
  /** What a server logs. */
  told: Told
}

/** A server that lives, dies and lives again on what it keeps. */
abstract class Server {
  readonly name: string
  readonly #surroundings: Surroundings
  readonly #migrations: string
  #keeping: Keeping
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

  get keeping(): Keeping {
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
      this.#surroundings.told('error', this.name, 'could not start', { err: error })
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
    this.forget()
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
    const { world, told } = this.#surroundings
    const say = (level: Level) => (details: unknown, message?: string) => {
      const text = message ?? String(details)
      if (level !== 'debug') world.trace(`${this.name} ${level}: ${text} ${describe(details)}`)
      told(level, this.name, text, details as object)
    }
    return {
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
    } as unknown as Logger
  }

  abstract clean(): Promise<void>

  protected abstract begin(life: Life, network: Network): Promise<void>
  protected abstract finish(): Promise<void>
  protected abstract forget(): void

  #fresh(): Keeping {
    const files = new MemoryFiles(() => this.wallMs())
    return { connection: openCopy(templateOf(this.#migrations)), files }
  }

  #replace(keeping: Keeping): void {
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
  sync: SyncPlugin | undefined
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
    const db = Database.on(connection, life.timers)
    await identify(db, name, life.chance)
    const blobs = new BlobStore(db, FOLDER, files)
    const clock = new SystemClock(() => this.wallMs())
    const now = () => clock.now()
    const { chance, timers } = life
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
      machine: { now: () => this.wallMs(), timers, chance, files },
      logger: this.log(),
    }
    const bytes = openTransfer(policy, parts, network.bytesFrom(name, life))
    const services = regionalServices(policy, {
      db,
      blobs,
      now,
      chance,
      passwords: PASSWORDS,
      remoteRead: (...range) => bytes.read(...range),
    })
    services.journal.outboxGrown.subscribe(() => this.onOutbox())
    const way = { dial: network.dialFrom(name, life), bytes }
    const sync = joinSphere(policy, { ...parts, services }, way)
    Object.assign(this, { services, sync, blobs, db })
  }

  /** One round of removing what is of no use any more. */
  async clean(): Promise<void> {
    const { db, blobs, services, life } = this
    if (!db || !blobs || !services || !life) return
    const { timers } = life
    const { feed } = services
    await clean({ db, blobs, feed, now: () => this.wallMs(), timers }, new AbortController().signal)
  }

  protected async finish(): Promise<void> {
    await this.sync?.[Symbol.asyncDispose]()
    await this.db?.write(() => undefined)
  }

  protected forget(): void {
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
    const db = Database.on(connection, life.timers)
    const { chance, timers } = life
    const machine = { now: () => this.wallMs(), timers, chance, files }
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
  async clean(): Promise<void> {
    await this.core?.sweep(new AbortController().signal)
  }

  protected async finish(): Promise<void> {
    this.#network.listen(undefined)
    await this.core?.hub[Symbol.asyncDispose]()
  }

  protected forget(): void {
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
export const AT_ONCE: Timers = {
  now: () => 0,
  after: () => ({ stop: () => {} }),
  every: () => ({ stop: () => {} }),
  soon: (run) => run(),
}

const readers = new WeakMap<BetterSqlite3.Database, Database>()

function readerOf(connection: BetterSqlite3.Database): Tx {
  const reader = readers.get(connection) ?? Database.on(connection, AT_ONCE)
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
