import { Readable } from 'node:stream'
import type { GrandCore } from '../../src/app/grand-core.js'
import type { FileSlice } from '../../src/blobs/file-slice.js'
import { type ByteSource, type ChunkSource, copyChunks } from '../../src/lib/byte-source.js'
import type { Channel, ChannelEvents, Dial } from '../../src/sync/channel.js'
import { RefusedError } from '../../src/sync/grand/responses.js'
import { UPLOAD_LENGTH, UPLOAD_OFFSET } from '../../src/sync/protocol.js'
import { type RemoteBlobs, TransferRefusedError } from '../../src/sync/regional/remote-blobs.js'
import type { SeededRandom } from '../support/random.js'
import type { Life, World } from './world.js'

/** Range of the time after which a side closes a silent link (websocket-channel.ts). */
const SILENCE_MS = [4000, 6500] as const
/** Timeout of a connection attempt. */
const CONNECT_MS = 10_000
/** Timeout of a transfer without progress. */
const STALLED_MS = 30_000
const HELLO_MS = 10_000
/** Bytes of one socket write. */
const CHUNK_BYTES = 32 * 1024

/**
 * How a connection breaks. `reset`: both ends learn of it at once. `silent`: packets are dropped, and each end times
 * out. `deaf`: only packets to the grand are dropped; `mute`: only packets from it.
 */
export const BREAKS = ['reset', 'silent', 'deaf', 'mute'] as const
export type Break = (typeof BREAKS)[number]

interface Listener {
  life: Life
  core: GrandCore
}

/** The connections between the regionals and the grand, with the guarantees of TCP and no others. */
export class Network {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #connections = new Set<Connection>()
  readonly #partitionedUntil = new Map<string, number>()
  /** Added delay per regional, in milliseconds. */
  readonly #addedDelayMs = new Map<string, number>()
  #grand: Listener | undefined

  constructor(world: World) {
    this.#world = world
    this.#random = world.random.fork('network')
  }

  /** Starts or stops listening for connections to the grand. */
  listen(grand: Listener | undefined): void {
    this.#grand = grand
  }

  /** Breaks every open connection of a regional. */
  cut(name: string, how: Break): void {
    for (const connection of this.#connections) if (connection.name === name) connection.break(how)
  }

  /** Drops all packets of a regional for a time. */
  partition(name: string, ms: number): void {
    this.cut(name, 'silent')
    this.#partitionedUntil.set(name, this.#world.now + ms)
  }

  slow(name: string, ms: number): void {
    this.#addedDelayMs.set(name, ms)
  }

  heal(): void {
    this.#partitionedUntil.clear()
    this.#addedDelayMs.clear()
  }

  /** Resets every connection of a crashed server. */
  resetConnectionsOf(life: Life): void {
    for (const connection of this.#connections) if (connection.belongsTo(life)) connection.break('reset')
  }

  /** A regional's function to open a link. */
  dialFrom(name: string, life: Life): Dial {
    return (events, onOpen) => this.#dial(name, life, events, onOpen)
  }

  /** A regional's client of the grand's blob store. */
  blobsFrom(name: string, life: Life): RemoteBlobs {
    return new SimulatedBlobs((signal) => this.#openTransfer(name, life, signal))
  }

  #dial(name: string, life: Life, events: ChannelEvents, onOpen: (channel: Channel) => void): Channel {
    const connection = this.#openConnection(name)
    const regional = connection.attach('regional', life, (frame, channel) => {
      try {
        events.onFrame(frame)
      } catch (error) {
        channel.close((error as Error).message)
      }
    })
    regional.onClose = (reason) => events.onClose(reason)
    const grand = this.#reachable(name)
    if (grand === undefined) {
      const wait = this.#partitionedUntil.has(name) ? CONNECT_MS : this.#random.between(0.5, 5)
      life.after(wait, () => regional.end('the grand is unreachable'))
      return regional
    }
    life.after(this.#random.between(1, 20), () => {
      if (regional.closed) return
      if (grand.life.isOver || this.#reachable(name) !== grand) return regional.end('the grand is down')
      this.#accept(connection, grand)
      // The grand may see the connection established before or after the regional.
      life.after(connection.delay(), () => {
        if (!regional.closed) onOpen(regional)
      })
    })
    return regional
  }

  #accept(connection: Connection, { life, core }: Listener): void {
    const end = connection.attach('grand', life, (frame) => link.receive(frame))
    const link = core.hub.connect(connection.name, end)
    end.onClose = (reason) => core.hub.disconnected(link, reason)
    life.after(HELLO_MS, () => {
      if (!link.saidHello) link.close('no hello in time')
    })
  }

  async #openTransfer(name: string, life: Life, signal: AbortSignal): Promise<Transfer> {
    signal.throwIfAborted()
    const connection = this.#openConnection(name)
    await life.sleep(this.#random.between(1, 10))
    const grand = this.#reachable(name)
    signal.throwIfAborted()
    if (grand === undefined || grand.life.isOver) throw new Error('the grand is unreachable')
    return new Transfer(connection, life, grand, signal)
  }

  #openConnection(name: string): Connection {
    const connection = new Connection(
      this.#world,
      this.#random,
      name,
      () => this.#addedDelayMs.get(name) ?? 0,
    )
    this.#connections.add(connection)
    connection.onReleased = () => this.#connections.delete(connection)
    return connection
  }

  #reachable(name: string): Listener | undefined {
    if ((this.#partitionedUntil.get(name) ?? 0) > this.#world.now) return undefined
    this.#partitionedUntil.delete(name)
    return this.#grand
  }
}

type Side = 'regional' | 'grand'

/** A connection: frames arrive in order, with a delay, until it breaks. */
class Connection {
  readonly name: string
  readonly #world: World
  readonly #random: SeededRandom
  readonly #addedDelayMs: () => number
  readonly #ends = new Map<Side, ConnectionEnd>()
  /** Arrival time of the last frame in transit to each side. */
  readonly #lastAt = { regional: 0, grand: 0 }
  /** Whether packets to a side are dropped. */
  readonly #drops = { regional: false, grand: false }
  #broken: Break | undefined
  onReleased: () => void = () => {}

  constructor(world: World, random: SeededRandom, name: string, addedDelayMs: () => number) {
    this.#world = world
    this.#random = random
    this.name = name
    this.#addedDelayMs = addedDelayMs
  }

  attach(side: Side, life: Life, onFrame: (frame: Buffer, channel: Channel) => void): ConnectionEnd {
    const end = new ConnectionEnd(this, side, life, onFrame)
    this.#ends.set(side, end)
    // The connection may have broken during the handshake.
    if (this.#broken !== undefined) this.#detectBreak(end, this.#broken)
    return end
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  belongsTo(life: Life): boolean {
    return [...this.#ends.values()].some((end) => end.life === life)
  }

  delay(): number {
    return this.#random.between(0.2, 3) + this.#random.fraction() * this.#addedDelayMs()
  }

  transmit(to: Side, frame: Buffer): void {
    this.#arrive(to, (end) => {
      const type = /"type":"([a-z]+)"/.exec(frame.toString('latin1', 4, 60))?.[1]
      this.#world.trace(`${this.name} ${to === 'grand' ? '->' : '<-'} ${type} ${frame.length}`, frame)
      end.take(frame)
    })
  }

  /** One side has closed; the other side learns of it after the frames in transit. */
  closed(by: Side): void {
    this.#arrive(other(by), (end) => end.end('closed by the other side'))
    if ([...this.#ends.values()].every((end) => end.closed)) this.onReleased()
  }

  break(how: Break): void {
    if (this.isBroken) return
    this.#broken = how
    this.#drops.grand = how !== 'mute'
    this.#drops.regional = how !== 'deaf'
    for (const end of this.#ends.values()) this.#detectBreak(end, how)
  }

  #detectBreak(end: ConnectionEnd, how: Break): void {
    const [soonest, latest] = how === 'reset' ? [0, 20] : SILENCE_MS
    end.life.after(this.#random.between(soonest, latest), () => end.end(how))
  }

  #arrive(to: Side, arrive: (end: ConnectionEnd) => void): void {
    this.#lastAt[to] = Math.max(this.#lastAt[to], this.#world.now + this.delay())
    this.#world.after(this.#lastAt[to] - this.#world.now, () => {
      const end = this.#ends.get(to)
      if (end === undefined || end.closed || end.life.isOver || this.#drops[to]) return
      arrive(end)
    })
  }
}

/** One end of a connection. */
class ConnectionEnd implements Channel {
  readonly life: Life
  readonly #connection: Connection
  readonly #side: Side
  readonly #onFrame: (frame: Buffer, channel: Channel) => void
  onClose: (reason: string) => void = () => {}
  closed = false
  #closing = false

  constructor(
    connection: Connection,
    side: Side,
    life: Life,
    onFrame: (frame: Buffer, channel: Channel) => void,
  ) {
    this.#connection = connection
    this.#side = side
    this.life = life
    this.#onFrame = onFrame
  }

  send(frame: Buffer): void {
    if (!this.closed && !this.#closing) this.#connection.transmit(other(this.#side), frame)
  }

  close(reason: string): void {
    if (this.#closing) return
    this.#closing = true
    this.life.after(this.#connection.delay(), () => this.end(reason))
  }

  take(frame: Buffer): void {
    this.#onFrame(frame, this)
  }

  end(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#connection.closed(this.#side)
    this.onClose(reason)
  }
}

function other(side: Side): Side {
  return side === 'grand' ? 'regional' : 'grand'
}

/** One blob request and its response, on a connection of its own. */
class Transfer {
  readonly grand: Listener
  readonly name: string
  readonly #connection: Connection
  readonly life: Life
  readonly #fail: { regional: Set<(error: Error) => void>; grand: Set<(error: Error) => void> } = {
    regional: new Set(),
    grand: new Set(),
  }
  #failed: Error | undefined
  /** Releases the connection. */
  readonly release: () => void

  constructor(connection: Connection, life: Life, grand: Listener, signal: AbortSignal) {
    this.#connection = connection
    this.life = life
    this.grand = grand
    this.name = connection.name
    for (const [side, owner] of [['regional', life] as const, ['grand', grand.life] as const]) {
      const end = connection.attach(side, owner, () => {})
      end.onClose = (reason) => this.#broke(side, new Error(`the transfer was interrupted: ${reason}`))
    }
    const abort = () => {
      this.#broke('regional', new Error('aborted'))
      connection.break('reset')
    }
    signal.addEventListener('abort', abort)
    this.release = () => {
      // Each end of a broken connection still has to detect the break.
      if (connection.isBroken) return
      signal.removeEventListener('abort', abort)
      connection.onReleased()
    }
  }

  delay(): number {
    return this.#connection.delay()
  }

  get isBroken(): boolean {
    return this.#connection.isBroken
  }

  /** Registers a callback for the moment when a side detects the break. */
  onBreak(side: Side, fail: (error: Error) => void): void {
    if (side === 'regional' && this.#failed !== undefined) fail(this.#failed)
    this.#fail[side].add(fail)
  }

  /** Runs the grand's handler and delivers its response with a delay. Rejects if the connection breaks first. */
  respond<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onBreak('regional', reject)
      this.life.after(STALLED_MS, () => reject(new Error('the grand does not respond')))
      this.grand.life.after(this.delay(), () => {
        const settle = (run: () => void) =>
          this.grand.life.after(this.delay(), () => {
            if (!this.life.isOver) run()
          })
        work().then(
          (value) => settle(() => resolve(value)),
          (error) => settle(() => reject(refused(error))),
        )
      })
    })
  }

  #broke(side: Side, error: Error): void {
    if (side === 'regional') this.#failed ??= error
    for (const fail of this.#fail[side]) fail(error)
  }
}

function refused(error: Error): Error {
  if (!(error instanceof RefusedError)) return new TransferRefusedError(500, '')
  return new TransferRefusedError(error.status, JSON.stringify({ code: error.code, reason: error.message }))
}

class SimulatedBlobs implements RemoteBlobs {
  readonly #open: (signal: AbortSignal) => Promise<Transfer>

  constructor(open: (signal: AbortSignal) => Promise<Transfer>) {
    this.#open = open
  }

  async offset(sha256: string, signal: AbortSignal): Promise<number> {
    const transfer = await this.#open(signal)
    const { uploads } = transfer.grand.core
    const progress = await transfer.respond(() => uploads.progress(sha256)).finally(() => transfer.release())
    return progress?.offset ?? 0
  }

  async put(
    sha256: string,
    size: number,
    offset: number,
    bytes: FileSlice | Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    const transfer = await this.#open(signal)
    const body = new Body(transfer.grand.life, {
      'content-length': String(size - offset),
      [UPLOAD_OFFSET]: String(offset),
      [UPLOAD_LENGTH]: String(size),
    })
    transfer.onBreak('grand', (error) => body.fail(error))
    const source: Buffer | ChunkSource = Buffer.isBuffer(bytes) ? bytes : (take) => bytes.copy(take)
    void sendBody(transfer, transfer.grand.life, source, body)
    const { uploads } = transfer.grand.core
    await transfer
      .respond(() => uploads.receive(sha256, transfer.name, body))
      .finally(() => transfer.release())
  }

  async get(
    sha256: string,
    start: number,
    end: number,
    signal: AbortSignal,
  ): Promise<ByteSource | undefined> {
    const transfer = await this.#open(signal)
    const { downloads } = transfer.grand.core
    const prepared = await transfer
      .respond(() => downloads.prepare(sha256, `bytes=${start}-${end}`))
      .catch((error: Error) => {
        transfer.release()
        if (error instanceof TransferRefusedError && error.status === 404) return undefined
        throw error
      })
    if (prepared === undefined) return undefined
    const body = new Body(transfer.life, {})
    transfer.onBreak('regional', (error) => body.fail(error))
    void sendBody(transfer, transfer.grand.life, prepared.bytes, body).finally(() => transfer.release())
    return { copy: (take) => copyChunks(body, take), close: async () => void body.destroy() }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Delivers a body chunk by chunk. */
async function sendBody(
  transfer: Transfer,
  life: Life,
  source: Buffer | ChunkSource,
  body: Body,
): Promise<void> {
  try {
    const take = async (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
        await life.sleep(transfer.delay())
        // A broken connection drops the chunk; both ends detect the break on their own.
        if (!transfer.isBroken) body.push(Buffer.from(chunk.subarray(at, at + CHUNK_BYTES)))
      }
    }
    if (Buffer.isBuffer(source)) await take(source)
    else await source(take)
    if (!transfer.isBroken) body.push(null)
  } catch (error) {
    body.fail(error as Error)
  }
}

/** The receiving end of a body. */
class Body extends Readable {
  readonly headers: Record<string, string>
  readonly #reader: Life
  #hasAll = false

  constructor(reader: Life, headers: Record<string, string>) {
    super({ read: () => {} })
    this.#reader = reader
    this.headers = headers
    // Readers get the error; without a reader it must not crash the process.
    this.on('error', () => undefined)
  }

  override push(chunk: Buffer | null): boolean {
    if (this.#reader.isOver) return false
    this.#hasAll ||= chunk === null
    return super.push(chunk)
  }

  fail(error: Error): void {
    if (!this.#reader.isOver && !this.#hasAll) this.destroy(error)
  }
}
