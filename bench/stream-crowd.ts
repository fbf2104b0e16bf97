import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const CONCURRENT_CONNECTIONS = 100

/** Many event streams of a few accounts on raw sockets, to keep the client cheap. */
export class StreamCrowd implements AsyncDisposable {
  readonly #sockets: Socket[] = []
  #name = ''
  #waiting = new Set<Socket>()
  #done: (at: number) => void = () => {}

  /** Resolves once all streams are established. */
  static async open(origin: string, cookies: string[], count: number): Promise<StreamCrowd> {
    const crowd = new StreamCrowd()
    const { hostname, port } = new URL(origin)
    while (crowd.#sockets.length < count) {
      const some = Math.min(CONCURRENT_CONNECTIONS, count - crowd.#sockets.length)
      const cookieOf = (index: number) => cookies[index % cookies.length] as string
      await Promise.all(
        Array.from({ length: some }, (_, index) => crowd.#openOne(hostname, Number(port), cookieOf(index))),
      )
    }
    return crowd
  }

  /** Resolves with the time (of `performance`) at which the last stream has received an event with this name. */
  waitUntilAllReceive(name: string): Promise<number> {
    this.#name = name
    this.#waiting = new Set(this.#sockets)
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #openOne(host: string, port: number, cookie: string): Promise<void> {
    const socket = connect(port, host)
    socket.write(`GET /events HTTP/1.1\r\nHost: ${host}:${port}\r\nCookie: ${cookie}\r\n\r\n`)
    const [head] = await once(socket, 'data')
    if (!/^HTTP\/1\.1 200 /.test(String(head))) throw new Error(`no stream:\n${head}`)
    this.#sockets.push(socket)
    let previousChunk = ''
    socket.on('data', (chunk: Buffer) => {
      if (!this.#waiting.has(socket)) return
      // The name may be split over two chunks.
      const isHere = chunk.includes(this.#name) || `${previousChunk}${chunk}`.includes(this.#name)
      previousChunk = isHere ? '' : String(chunk.subarray(-this.#name.length))
      if (!isHere) return
      this.#waiting.delete(socket)
      if (this.#waiting.size === 0) this.#done(performance.now())
    })
    socket.on('error', () => undefined)
  }
}
