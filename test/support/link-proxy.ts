import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LinkDirection } from './link-direction.js'

export type Direction = 'to-grand' | 'to-regional'

interface Pair {
  client: Socket
  server: Socket
}

/** A proxy between a regional and the grand that injects network faults. */
export class LinkProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #directions: Record<Direction, LinkDirection>
  #target = 0
  #isUp = true

  private constructor() {
    const newDirection = () => new LinkDirection(() => this.#dropAll())
    this.#directions = { 'to-grand': newDirection(), 'to-regional': newDirection() }
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  /** @param port the port to listen on; any free one by default */
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

  /** The port that new connections go to. */
  set target(port: number) {
    this.#target = port
  }

  /** Bytes forwarded in one direction so far. */
  passed(direction: Direction): number {
    return this.#directions[direction].passedBytes
  }

  /** Closes every connection, and rejects new ones until `restore`. */
  cut(): void {
    this.#isUp = false
    this.#dropAll()
  }

  /** Holds back all bytes, in both directions or in the given ones, and keeps connections open. */
  freeze(...directions: Direction[]): void {
    for (const direction of this.#selected(directions)) direction.isFrozen = true
  }

  /**
   * Closes all connections once this many more bytes have gone in a direction; new connections are accepted.
   * @param more byte counts of further cuts, each counted from the previous cut
   */
  cutAfter(direction: Direction, bytes: number, ...more: number[]): void {
    this.#directions[direction].cutsAfterBytes = [bytes, ...more]
  }

  /** Number of cuts still pending. */
  cutsLeft(direction: Direction): number {
    return this.#directions[direction].cutsAfterBytes.length
  }

  /** Ends one connection cleanly after this many more bytes in a direction, and drops the rest. */
  truncateAfter(direction: Direction, bytes: number): void {
    this.#directions[direction].truncateAfterBytes = bytes
  }

  /** Alters one byte after this many more bytes in a direction. */
  flipAfter(direction: Direction, bytes: number): void {
    this.#directions[direction].flipAfterBytes = bytes
  }

  /** Limits the total rate of all connections in a direction. */
  throttle(direction: Direction, bytesPerSecond: number): void {
    this.#directions[direction].bytesPerSecond = bytesPerSecond
  }

  /** Delays every byte in a direction. */
  delay(direction: Direction, ms: number): void {
    this.#directions[direction].delayMs = ms
  }

  /** Removes all faults; a frozen link drops its connections. */
  restore(): void {
    const wasFrozen = this.#selected([]).some((direction) => direction.isFrozen)
    if (wasFrozen) this.#dropAll()
    this.thaw()
  }

  /** Removes all faults; held bytes arrive late. */
  thaw(): void {
    this.#isUp = true
    for (const direction of this.#selected([])) direction.reset()
  }

  async close(): Promise<void> {
    this.#dropAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #selected(directions: Direction[]): LinkDirection[] {
    return directions.length === 0
      ? Object.values(this.#directions)
      : directions.map((one) => this.#directions[one])
  }

  #accept(client: Socket): void {
    if (!this.#isUp || this.#target === 0) return void client.destroy()
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    const drop = () => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', drop).on('close', drop)
    this.#directions['to-grand'].join(client, server)
    this.#directions['to-regional'].join(server, client)
  }

  #dropAll(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    this.#pairs.clear()
  }
}
