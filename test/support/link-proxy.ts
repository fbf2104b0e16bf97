import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LinkDirection } from './link-direction.js'

/** Which way bytes go. */
export type Direction = 'to-grand' | 'to-regional'

interface Pair {
  client: Socket
  server: Socket
}

/** A piece of network between a regional and the grand, which the test can cut, freeze, slow down or break. */
export class LinkProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #ways: Record<Direction, LinkDirection>
  #target = 0
  #up = true

  private constructor() {
    const newWay = () => new LinkDirection(() => this.#dropAll())
    this.#ways = { 'to-grand': newWay(), 'to-regional': newWay() }
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  /** @param port where it listens; any free one by default */
  static async open(port = 0): Promise<LinkProxy> {
    const proxy = new LinkProxy()
    await new Promise<void>((resolve, reject) =>
      proxy.#server.once('error', reject).listen(port, '127.0.0.1', resolve),
    )
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

  /** Keeps back everything from now on, in both directions or in one, without closing anything. */
  freeze(...directions: Direction[]): void {
    for (const way of this.#those(directions)) way.isFrozen = true
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

  /** Ends one connection in good order once so many more bytes have gone one way; what it still had to say is lost. */
  truncateAfter(direction: Direction, bytes: number): void {
    this.#ways[direction].truncateAfter = bytes
  }

  /** Alters one byte once so many more have gone one way. */
  flipAfter(direction: Direction, bytes: number): void {
    this.#ways[direction].flipAfter = bytes
  }

  /** Lets all connections together pass so many bytes in a second one way. */
  throttle(direction: Direction, bytesPerSecond: number): void {
    this.#ways[direction].bytesPerSecond = bytesPerSecond
  }

  /** Lets bytes arrive so much later one way. */
  delay(direction: Direction, ms: number): void {
    this.#ways[direction].delayMs = ms
  }

  /** Lets everything through again; what was frozen is lost with its connection. */
  restore(): void {
    const wasFrozen = this.#those([]).some((way) => way.isFrozen)
    if (wasFrozen) this.#dropAll()
    this.thaw()
  }

  /** Lets everything through again; what was frozen arrives late. */
  thaw(): void {
    this.#up = true
    for (const way of this.#those([])) way.reset()
  }

  async close(): Promise<void> {
    this.#dropAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #those(directions: Direction[]): LinkDirection[] {
    return directions.length === 0 ? Object.values(this.#ways) : directions.map((one) => this.#ways[one])
  }

  #accept(client: Socket): void {
    if (!this.#up || this.#target === 0) return void client.destroy()
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    const drop = () => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', drop).on('close', drop)
    this.#ways['to-grand'].join(client, server)
    this.#ways['to-regional'].join(server, client)
  }

  #dropAll(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    this.#pairs.clear()
  }
}
