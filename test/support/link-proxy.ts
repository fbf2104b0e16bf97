import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Which way bytes go. */
export type Direction = 'to-grand' | 'to-regional'

interface Pair {
  client: Socket
  server: Socket
}

/** What happens to the bytes that go one way. */
interface Way {
  /** Bytes that have passed so far. */
  passed: number
  /** Bytes after which everything is cut, one after the other; each counts from the cut before it. */
  cuts: number[]
  /** Bytes until one is altered. */
  flipAfter: number
  bytesPerSecond: number
  /** When the line has taken all that was put on it, milliseconds of the monotonic clock. */
  freeAt: number
}

/** A piece of network between a regional and the grand, which the test can cut, freeze, slow down or break. */
export class LinkProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #ways: Record<Direction, Way> = { 'to-grand': newWay(), 'to-regional': newWay() }
  #target = 0
  #up = true
  #frozen = false

  private constructor() {
    this.#server = createServer((client) => this.#accept(client))
  }

  static async open(): Promise<LinkProxy> {
    const proxy = new LinkProxy()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Where connections go from now on. */
  set target(port: number) {
    this.#target = port
  }

  /** How many bytes have gone one way so far. */
  passed(direction: Direction): number {
    return this.#ways[direction].passed
  }

  /** Cuts every connection, and refuses new ones until `restore`. */
  cut(): void {
    this.#up = false
    this.#dropAll()
  }

  /** Swallows everything from now on, in both directions, without closing anything. */
  freeze(): void {
    this.#frozen = true
    for (const { client, server } of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  /**
   * Cuts everything once so many more bytes have gone one way; new connections are let through.
   * @param more after that, cuts again and again, after so many bytes each
   */
  cutAfter(direction: Direction, bytes: number, ...more: number[]): void {
    this.#ways[direction].cuts = [bytes, ...more]
  }

  /** Cuts that are still to come. */
  cutsLeft(direction: Direction): number {
    return this.#ways[direction].cuts.length
  }

  /** Alters one byte once so many more have gone one way. */
  flipAfter(direction: Direction, bytes: number): void {
    this.#ways[direction].flipAfter = bytes
  }

  /** Lets all connections together pass so many bytes in a second one way. */
  throttle(direction: Direction, bytesPerSecond: number): void {
    this.#ways[direction].bytesPerSecond = bytesPerSecond
  }

  /** Lets everything through again. */
  restore(): void {
    this.#up = true
    for (const way of Object.values(this.#ways)) Object.assign(way, { ...newWay(), passed: way.passed })
    if (this.#frozen) this.#dropAll()
    this.#frozen = false
  }

  async close(): Promise<void> {
    this.#dropAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    if (!this.#up || this.#target === 0) return void client.destroy()
    const server = connect(this.#target, '127.0.0.1')
    const pair = { client, server }
    this.#pairs.add(pair)
    const drop = () => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', drop).on('close', drop)
    if (this.#frozen) return
    this.#join(client, server, this.#ways['to-grand'])
    this.#join(server, client, this.#ways['to-regional'])
  }

  #join(from: Socket, to: Socket, way: Way): void {
    let waits = false
    const goOn = () => {
      if (!this.#frozen && !waits && !to.writableNeedDrain) from.resume()
    }
    to.on('drain', goOn)
    from.on('end', () => to.end())
    from.on('data', (chunk: Buffer) => {
      const cut = way.cuts[0]
      const passed = flipped(cut === undefined ? chunk : chunk.subarray(0, cut), way)
      way.passed += passed.length
      if (!to.write(passed)) from.pause()
      if (way.bytesPerSecond !== Number.POSITIVE_INFINITY) {
        from.pause()
        waits = true
        setTimeout(
          () => {
            waits = false
            goOn()
          },
          waitMs(passed.length, way),
        )
      }
      if (cut === undefined) return
      if (passed.length < cut) way.cuts[0] = cut - passed.length
      else {
        way.cuts.shift()
        this.#dropAll()
      }
    })
  }

  #dropAll(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    this.#pairs.clear()
  }
}

function newWay(): Way {
  return {
    passed: 0,
    cuts: [],
    flipAfter: Number.POSITIVE_INFINITY,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    freeAt: 0,
  }
}

function flipped(chunk: Buffer, way: Way): Buffer {
  const at = way.flipAfter
  way.flipAfter -= chunk.length
  if (at >= chunk.length) return chunk
  way.flipAfter = Number.POSITIVE_INFINITY
  const altered = Buffer.from(chunk)
  altered[at] = (chunk[at] as number) ^ 1
  return altered
}

/** Puts bytes on the line; tells how long it takes until all that is on it has passed. */
function waitMs(bytes: number, way: Way): number {
  const now = performance.now()
  way.freeAt = Math.max(now, way.freeAt) + (bytes / way.bytesPerSecond) * 1000
  return way.freeAt - now
}
