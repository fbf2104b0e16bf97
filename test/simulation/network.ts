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

/** After so long without a sign of life a side gives a link up (socket-channel.ts, link.ts). */
const SILENCE_MS = [4000, 6500] as const
/** Until a connection that is not answered is given up. */
const CONNECT_MS = 10_000
/** Until a transfer that does not move is given up. */
const STALLED_MS = 30_000
const HELLO_MS = 10_000
/** What one write to a socket carries. */
const CHUNK_BYTES = 32 * 1024

/**
 * How a connection breaks. `reset`: both ends learn of it within a moment. `silent`: packets are swallowed, and each end
 * finds out for itself. `deaf`: only what goes to the grand is swallowed until then; `mute`: only what comes from it.
 */
export const BREAKS = ['reset', 'silent', 'deaf', 'mute'] as const
export type Break = (typeof BREAKS)[number]

interface Listener {
  life: Life
  core: GrandCore
}

/** The lines between the regionals and the grand: they keep what TCP promises, and nothing more. */
export class Network {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #wires = new Set<Wire>()
  readonly #partedUntil = new Map<string, number>()
  /** Milliseconds of delay that a regional's line adds. */
  readonly #slowness = new Map<string, number>()
  #grand: Listener | undefined

  constructor(world: World) {
    this.#world = world
    this.#random = world.random.fork('network')
  }

  /** The grand listens from now on, or not any more. */
  listen(grand: Listener | undefined): void {
    this.#grand = grand
  }

  /** Breaks what a regional has open. */
  cut(name: string, how: Break): void {
    for (const wire of this.#wires) if (wire.name === name) wire.break(how)
  }

  /** Nothing gets through for a time. */
  partition(name: string, ms: number): void {
    this.cut(name, 'silent')
    this.#partedUntil.set(name, this.#world.now + ms)
  }

  slow(name: string, ms: number): void {
    this.#slowness.set(name, ms)
  }

  heal(): void {
    this.#partedUntil.clear()
    this.#slowness.clear()
  }

  /** A server is gone: its side of every connection is, and the other side learns of it, soon or by the silence. */
  died(life: Life): void {
    for (const wire of this.#wires) if (wire.belongsTo(life)) wire.break('reset')
  }

  /** The way that a regional connects. */
  dialFrom(name: string, life: Life): Dial {
    return (events, onOpen) => this.#dial(name, life, events, onOpen)
  }

  /** The grand's store of bytes, as a regional reaches it. */
  blobsFrom(name: string, life: Life): RemoteBlobs {
    return new SimulatedBlobs((signal) => this.#openTransfer(name, life, signal))
  }

  #dial(name: string, life: Life, events: ChannelEvents, onOpen: (channel: Channel) => void): Channel {
    const wire = this.#wire(name)
    const regional = wire.attach('regional', life, (frame, channel) => {
      try {
        events.onFrame(frame)
      } catch (error) {
        channel.close((error as Error).message)
      }
    })
    regional.onClose = (reason) => events.onClose(reason)
    const grand = this.#reachable(name)
    if (grand === undefined) {
      const wait = this.#partedUntil.has(name) ? CONNECT_MS : this.#random.between(0.5, 5)
      life.after(wait, () => regional.end('the grand cannot be reached'))
      return regional
    }
    life.after(this.#random.between(1, 20), () => {
      if (regional.closed) return
      if (grand.life.over || this.#reachable(name) !== grand) return regional.end('the grand is gone')
      this.#accept(wire, grand)
      // The grand may be the first to know that the connection stands, or the last.
      life.after(wire.delay(), () => {
        if (!regional.closed) onOpen(regional)
      })
    })
    return regional
  }

  #accept(wire: Wire, { life, core }: Listener): void {
    const end = wire.attach('grand', life, (frame) => link.receive(frame))
    const link = core.hub.connect(wire.name, end)
    end.onClose = (reason) => core.hub.disconnected(link, reason)
    life.after(HELLO_MS, () => {
      if (!link.saidHello) link.close('no hello in time')
    })
  }

  async #openTransfer(name: string, life: Life, signal: AbortSignal): Promise<Transfer> {
    signal.throwIfAborted()
    const wire = this.#wire(name)
    await life.sleep(this.#random.between(1, 10))
    const grand = this.#reachable(name)
    signal.throwIfAborted()
    if (grand === undefined || grand.life.over) throw new Error('the grand cannot be reached')
    return new Transfer(wire, life, grand, signal)
  }

  #wire(name: string): Wire {
    const wire = new Wire(this.#world, this.#random, name, () => this.#slowness.get(name) ?? 0)
    this.#wires.add(wire)
    wire.onGone = () => this.#wires.delete(wire)
    return wire
  }

  #reachable(name: string): Listener | undefined {
    if ((this.#partedUntil.get(name) ?? 0) > this.#world.now) return undefined
    this.#partedUntil.delete(name)
    return this.#grand
  }
}

type Side = 'regional' | 'grand'

/** One connection: frames arrive in order, after a delay, up to the place where it breaks. */
class Wire {
  readonly name: string
  readonly #world: World
  readonly #random: SeededRandom
  readonly #slowness: () => number
  readonly #ends = new Map<Side, WireEnd>()
  /** When the last frame on its way to a side arrives. */
  readonly #lastAt = { regional: 0, grand: 0 }
  /** What goes to a side is swallowed. */
  readonly #dropsAll = { regional: false, grand: false }
  #broken: Break | undefined
  onGone: () => void = () => {}

  constructor(world: World, random: SeededRandom, name: string, slowness: () => number) {
    this.#world = world
    this.#random = random
    this.name = name
    this.#slowness = slowness
  }

  attach(side: Side, life: Life, onFrame: (frame: Buffer, channel: Channel) => void): WireEnd {
    const end = new WireEnd(this, side, life, onFrame)
    this.#ends.set(side, end)
    // It may have broken while it was being made.
    if (this.#broken !== undefined) this.#findOut(end, this.#broken)
    return end
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  belongsTo(life: Life): boolean {
    return [...this.#ends.values()].some((end) => end.life === life)
  }

  delay(): number {
    return this.#random.between(0.2, 3) + this.#random.fraction() * this.#slowness()
  }

  carry(to: Side, frame: Buffer): void {
    this.#arrive(to, (end) => {
      const type = /"type":"([a-z]+)"/.exec(frame.toString('latin1', 4, 60))?.[1]
      this.#world.trace(`${this.name} ${to === 'grand' ? '->' : '<-'} ${type} ${frame.length}`, frame)
      end.take(frame)
    })
  }

  /** A side has closed: the other one learns of it behind the frames that are under way. */
  closed(by: Side): void {
    this.#arrive(other(by), (end) => end.end('closed by the other side'))
    if ([...this.#ends.values()].every((end) => end.closed)) this.onGone()
  }

  break(how: Break): void {
    if (this.isBroken) return
    this.#broken = how
    this.#dropsAll.grand = how !== 'mute'
    this.#dropsAll.regional = how !== 'deaf'
    for (const end of this.#ends.values()) this.#findOut(end, how)
  }

  #findOut(end: WireEnd, how: Break): void {
    const [soonest, latest] = how === 'reset' ? [0, 20] : SILENCE_MS
    end.life.after(this.#random.between(soonest, latest), () => end.end(how))
  }

  #arrive(to: Side, arrive: (end: WireEnd) => void): void {
    this.#lastAt[to] = Math.max(this.#lastAt[to], this.#world.now + this.delay())
    this.#world.after(this.#lastAt[to] - this.#world.now, () => {
      const end = this.#ends.get(to)
      if (end === undefined || end.closed || end.life.over || this.#dropsAll[to]) return
      arrive(end)
    })
  }
}

/** One side of a connection. */
class WireEnd implements Channel {
  readonly life: Life
  readonly #wire: Wire
  readonly #side: Side
  readonly #onFrame: (frame: Buffer, channel: Channel) => void
  onClose: (reason: string) => void = () => {}
  closed = false
  #closing = false

  constructor(wire: Wire, side: Side, life: Life, onFrame: (frame: Buffer, channel: Channel) => void) {
    this.#wire = wire
    this.#side = side
    this.life = life
    this.#onFrame = onFrame
  }

  send(frame: Buffer): void {
    if (!this.closed && !this.#closing) this.#wire.carry(other(this.#side), frame)
  }

  close(reason: string): void {
    if (this.#closing) return
    this.#closing = true
    this.life.after(this.#wire.delay(), () => this.end(reason))
  }

  take(frame: Buffer): void {
    this.#onFrame(frame, this)
  }

  end(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#wire.closed(this.#side)
    this.onClose(reason)
  }
}

function other(side: Side): Side {
  return side === 'grand' ? 'regional' : 'grand'
}

/** One request for bytes and its answer, on a connection of its own. */
class Transfer {
  readonly grand: Listener
  readonly name: string
  readonly #wire: Wire
  readonly life: Life
  readonly #fail: { regional: Set<(error: Error) => void>; grand: Set<(error: Error) => void> } = {
    regional: new Set(),
    grand: new Set(),
  }
  #failed: Error | undefined
  /** Nothing more is to come on it. */
  readonly done: () => void

  constructor(wire: Wire, life: Life, grand: Listener, signal: AbortSignal) {
    this.#wire = wire
    this.life = life
    this.grand = grand
    this.name = wire.name
    for (const [side, owner] of [['regional', life] as const, ['grand', grand.life] as const]) {
      const end = wire.attach(side, owner, () => {})
      end.onClose = (reason) => this.#broke(side, new Error(`the transfer broke off: ${reason}`))
    }
    const abort = () => {
      this.#broke('regional', new Error('aborted'))
      wire.break('reset')
    }
    signal.addEventListener('abort', abort)
    this.done = () => {
      // Of what was sent into a broken connection, whoever waits for it has yet to learn that it does not come.
      if (wire.isBroken) return
      signal.removeEventListener('abort', abort)
      wire.onGone()
    }
  }

  delay(): number {
    return this.#wire.delay()
  }

  get isBroken(): boolean {
    return this.#wire.isBroken
  }

  /** Told when a side finds the connection broken. */
  onBreak(side: Side, fail: (error: Error) => void): void {
    if (side === 'regional' && this.#failed !== undefined) fail(this.#failed)
    this.#fail[side].add(fail)
  }

  /** What the grand answers, a moment later; or the error of a connection that broke meanwhile. */
  respond<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onBreak('regional', reject)
      this.life.after(STALLED_MS, () => reject(new Error('the grand does not answer')))
      this.grand.life.after(this.delay(), () => {
        const settle = (run: () => void) =>
          this.grand.life.after(this.delay(), () => {
            if (!this.life.over) run()
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
    const progress = await transfer.respond(() => uploads.progress(sha256)).finally(() => transfer.done())
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
    await transfer.respond(() => uploads.receive(sha256, transfer.name, body)).finally(() => transfer.done())
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
        transfer.done()
        if (error instanceof TransferRefusedError && error.status === 404) return undefined
        throw error
      })
    if (prepared === undefined) return undefined
    const body = new Body(transfer.life, {})
    transfer.onBreak('regional', (error) => body.fail(error))
    void sendBody(transfer, transfer.grand.life, prepared.bytes, body).finally(() => transfer.done())
    return { copy: (take) => copyChunks(body, take), close: async () => void body.destroy() }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Bytes on their way, chunk by chunk. */
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
        // What is sent into a broken connection gets nowhere; both sides find out by themselves.
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

/** What arrives of a transfer. */
class Body extends Readable {
  readonly headers: Record<string, string>
  readonly #reader: Life
  #hasAll = false

  constructor(reader: Life, headers: Record<string, string>) {
    super({ read: () => {} })
    this.#reader = reader
    this.headers = headers
    // Whoever reads is told; what breaks off when nobody does is no fault.
    this.on('error', () => undefined)
  }

  override push(chunk: Buffer | null): boolean {
    if (this.#reader.over) return false
    this.#hasAll ||= chunk === null
    return super.push(chunk)
  }

  fail(error: Error): void {
    if (!this.#reader.over && !this.#hasAll) this.destroy(error)
  }
}
