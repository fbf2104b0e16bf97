import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { Agent, type Dispatcher, request } from 'undici'
import { uuidv7 } from 'uuidv7'
import { WebSocket } from 'ws'
import { type Grand, openGrand } from '../../../src/app/grand.js'
import { ensureCertificates } from '../../../src/certs/folder.js'
import type { GrandConfig } from '../../../src/config/config.js'
import type { Change, Value } from '../../../src/model/change.js'
import { declaredBlob } from '../../../src/model/change.js'
import type { ChangeType } from '../../../src/model/change-types.js'
import { tick, ZERO_STAMP } from '../../../src/model/clock.js'
import {
  type Blob,
  blobPath,
  decodeFromGrand,
  encodeFrame,
  type FromGrand,
  type FromRegional,
  LINK_PATH,
  listBlobs,
  type MessageOf,
  UPLOAD_LENGTH,
  UPLOAD_OFFSET,
} from '../../../src/sync/protocol.js'
import { until } from '../../support/until.js'

export const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')

/** A grand server on a free port with certificates and a folder of its own, and regionals that say what a test wants said. */
export class TestGrand {
  readonly #folder: string
  readonly #ended: (() => Promise<unknown>)[] = []
  readonly #agents = new Map<string, Agent>()
  #grand: Grand | undefined
  logged: Record<string, unknown>[] = []

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(t: Test, overrides: Partial<GrandConfig> = {}): Promise<TestGrand> {
    const test = new TestGrand(await mkdtemp(join(tmpdir(), 'grand-')))
    t.teardown(() => test.close())
    await ensureCertificates(test.certsDir, { names: ['grand', 'eu', 'us', 'ap'], now: new Date() })
    await test.start(overrides)
    return test
  }

  get certsDir(): string {
    return join(this.#folder, 'certs')
  }

  get dataDir(): string {
    return join(this.#folder, 'data')
  }

  get grand(): Grand {
    return this.#grand as Grand
  }

  get url(): string {
    return this.grand.url
  }

  async start(overrides: Partial<GrandConfig> = {}): Promise<void> {
    const write = (line: string) => void this.logged.push(JSON.parse(line))
    this.#grand = await openGrand(
      {
        name: 'grand',
        host: '127.0.0.1',
        port: 0,
        dataDir: this.dataDir,
        certsDir: this.certsDir,
        maxFileSizeBytes: 1024 ** 3,
        minFreeDiskBytes: 0,
        operatorToken: 'operator-token-of-the-tests',
        logLevel: 'info',
        ...overrides,
      },
      { logger: pino({ level: 'info' }, { write }) },
    )
  }

  async stop(): Promise<void> {
    await this.#grand?.[Symbol.asyncDispose]()
    this.#grand = undefined
  }

  async close(): Promise<void> {
    for (const end of this.#ended.splice(0)) await end()
    await this.stop()
    await rm(this.#folder, { recursive: true })
  }

  tls(name: string, certsDir = this.certsDir) {
    const read = (file: string) => readFileSync(join(certsDir, file))
    return { ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`) }
  }

  /** A regional that is connected and has said nothing yet. */
  async connect(name: string): Promise<TestPeer> {
    const socket = new WebSocket(this.url.replace('https', 'wss') + LINK_PATH, {
      ...this.tls(name),
      minVersion: 'TLSv1.3',
      perMessageDeflate: false,
    })
    const peer = new TestPeer(name, socket)
    this.#ended.push(async () => socket.terminate())
    await until(`${name} is connected`, async () => socket.readyState === WebSocket.OPEN)
    return peer
  }

  /** A regional that was welcomed and reads the log from its start. */
  async link(name: string, hello: Partial<MessageOf<'hello'>> = {}): Promise<TestPeer> {
    const peer = await this.connect(name)
    await peer.sayHello(hello)
    peer.say({ type: 'follow', after: hello.cursor?.gseq ?? 0 })
    return peer
  }

  agent(name: string): Agent {
    const known = this.#agents.get(name)
    if (known !== undefined) return known
    const agent = new Agent({ connect: { ...this.tls(name) } })
    this.#agents.set(name, agent)
    this.#ended.push(() => agent.destroy())
    return agent
  }

  async status(): Promise<Record<string, unknown>> {
    const { body } = await request(`${this.url}/status`, { dispatcher: this.agent('us') })
    return (await body.json()) as Record<string, unknown>
  }

  blobs(name: string): TestBlobs {
    return new TestBlobs(this.url, this.agent(name))
  }
}

/** The other end of a link. */
export class TestPeer {
  readonly name: string
  readonly socket: WebSocket
  readonly epoch = randomBytes(16).toString('hex')
  readonly received: { message: FromGrand; blobs: Blob[] }[] = []
  closed: string | undefined
  /** Whether it tells the grand what it has applied, as a regional does. */
  applies = true
  #oseq = 0

  constructor(name: string, socket: WebSocket) {
    this.name = name
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('close', (_code, reason) => {
      this.closed = reason.toString()
    })
    socket.on('message', (data) => {
      const frame = decodeFromGrand(data as Buffer)
      this.received.push(frame)
      const last = frame.message.type === 'entries' ? frame.message.entries.at(-1) : undefined
      if (last !== undefined && this.applies) this.say({ type: 'applied', gseq: last.gseq })
    })
  }

  say(message: FromRegional, blobs: Blob[] = []): void {
    this.socket.send(encodeFrame(message, blobs))
  }

  async sayHello(overrides: Partial<MessageOf<'hello'>> = {}): Promise<MessageOf<'welcome'>> {
    this.say({
      type: 'hello',
      changes: 1,
      protocols: [1],
      server: this.name,
      epoch: this.epoch,
      head: 0,
      cursor: null,
      time: Date.now(),
      ...overrides,
    })
    return this.receive('welcome')
  }

  all<Type extends FromGrand['type']>(type: Type): MessageOf<Type>[] {
    return this.received
      .map(({ message }) => message)
      .filter((message) => message.type === type) as MessageOf<Type>[]
  }

  /** Waits for a message of a type that matches. */
  async receive<Type extends FromGrand['type']>(
    type: Type,
    matches: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    await until(`${this.name} receives ${type}`, async () => this.all(type).some(matches))
    return this.all(type).findLast(matches) as MessageOf<Type>
  }

  /** The next change of this regional. */
  make(type: ChangeType, fields: Record<string, Value>, overrides: Partial<Change> = {}): Change {
    this.#oseq += 1
    const blob = declaredBlob({ type, fields })
    return {
      v: 1,
      id: uuidv7(),
      origin: this.name,
      epoch: this.epoch,
      oseq: this.#oseq,
      stamp: tick(ZERO_STAMP, Date.now(), this.name),
      type,
      key: uuidv7(),
      fields,
      ...(blob && { blob }),
      ...overrides,
    }
  }

  /** A change that uploads these bytes. */
  upload(bytes: Buffer, overrides: Partial<Change> = {}): Change {
    const at = new Date().toISOString()
    const fields = {
      owner_id: OWNER,
      size: bytes.length,
      media_type: 'application/octet-stream',
      sha256: sha256(bytes),
      created_at: at,
      name: 'a file',
      folder: '/',
      visibility: 'private',
      modified_at: at,
    }
    return this.make('file.uploaded', fields, overrides)
  }

  /** A change that says little. */
  token(overrides: Partial<Change> = {}): Change {
    return this.make('token.revoked', { revoked: true }, overrides)
  }

  send(changes: Change[], bytes: Buffer[] = []): void {
    const blobs = bytes.map((content) => ({ sha256: sha256(content), bytes: content }))
    this.say(
      { type: 'changes', changes: changes.map((change) => JSON.stringify(change)), blobs: listBlobs(blobs) },
      blobs,
    )
  }

  /** Sends changes and waits until they are acknowledged. */
  async put(changes: Change[], bytes: Buffer[] = []): Promise<void> {
    this.send(changes, bytes)
    const last = changes.at(-1)?.oseq ?? 0
    await this.receive('ack', ({ oseq }) => oseq >= last)
  }

  /** All entries that came, in order. */
  get entries() {
    return this.all('entries').flatMap(({ entries }) => entries)
  }

  async caughtUp(gseq: number): Promise<void> {
    await until(`${this.name} has entry ${gseq}`, async () => (this.entries.at(-1)?.gseq ?? 0) >= gseq)
  }

  async ended(): Promise<string> {
    await until(`the link of ${this.name} ends`, async () => this.closed !== undefined)
    return this.closed as string
  }
}

export const OWNER = uuidv7()

/** Blobs of the grand, over HTTPS. */
export class TestBlobs {
  constructor(
    readonly url: string,
    readonly agent: Dispatcher,
  ) {}

  async head(hash: string) {
    const { statusCode, headers, body } = await request(this.url + blobPath(hash), {
      method: 'HEAD',
      dispatcher: this.agent,
    })
    await body.dump()
    return {
      status: statusCode,
      offset: Number(headers[UPLOAD_OFFSET]),
      length: Number(headers[UPLOAD_LENGTH]),
    }
  }

  async put(hash: string, size: number, offset: number, body: Buffer | AsyncIterable<Buffer>) {
    const response = await request(this.url + blobPath(hash), {
      method: 'PUT',
      dispatcher: this.agent,
      body: body as Buffer,
      headers: {
        'content-length': String(size - offset),
        [UPLOAD_OFFSET]: String(offset),
        [UPLOAD_LENGTH]: String(size),
      },
    })
    const json = (await response.body.json()) as { code?: string; sha256?: string }
    return { status: response.statusCode, json, headers: response.headers }
  }

  async get(hash: string, range?: string) {
    const headers = range === undefined ? {} : { range }
    const response = await request(this.url + blobPath(hash), { dispatcher: this.agent, headers })
    return { status: response.statusCode, headers: response.headers, body: response.body }
  }

  async bytes(hash: string, range?: string) {
    const { status, headers, body } = await this.get(hash, range)
    return { status, headers, bytes: Buffer.from(await body.arrayBuffer()) }
  }
}
