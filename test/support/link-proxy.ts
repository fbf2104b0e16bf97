import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  client: Socket
  server: Socket
}

/** A piece of network between a regional and the grand, which the test can cut, freeze or break off. */
export class LinkProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #target = 0
  #up = true
  #frozen = false
  /** Bytes towards the regional that may still pass before everything is cut. */
  #budget = Number.POSITIVE_INFINITY

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

  /** Cuts everything once so many more bytes have gone to the regional; new connections are let through. */
  cutAfter(bytes: number): void {
    this.#budget = bytes
  }

  /** Lets everything through again. */
  restore(): void {
    this.#up = true
    this.#budget = Number.POSITIVE_INFINITY
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
    client.pipe(server)
    server.on('data', (chunk: Buffer) => this.#pass(chunk, pair))
    client.on('drain', () => server.resume())
  }

  #pass(chunk: Buffer, { client, server }: Pair): void {
    const passed = chunk.subarray(0, Math.min(chunk.length, this.#budget))
    this.#budget -= passed.length
    if (!client.write(passed)) server.pause()
    if (this.#budget > 0) return
    this.#budget = Number.POSITIVE_INFINITY
    this.#dropAll()
  }

  #dropAll(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    this.#pairs.clear()
  }
}
