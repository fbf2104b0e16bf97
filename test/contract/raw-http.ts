import { connect, type Socket } from 'node:net'

/** A connection that says exactly what a test wants said. */
export interface RawConnection extends Disposable {
  socket: Socket
  send(text: string | Buffer): void
  /** Waits until all that was received so far matches; fails when the connection ends first, or after 10 s. */
  until(pattern: RegExp): Promise<string>
  /** All that was received until the server ended the connection. */
  rest(): Promise<string>
}

export async function rawConnection(origin: string): Promise<RawConnection> {
  const { hostname, port } = new URL(origin)
  const socket = connect({ host: hostname, port: Number(port) })
  let received = ''
  let ended = false
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    ended = true
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  async function waitFor(condition: () => boolean): Promise<string> {
    const deadline = Date.now() + 10_000
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`not in time; received: ${received}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return received
  }
  return {
    socket,
    send: (text) => void socket.write(text),
    async until(pattern) {
      await waitFor(() => pattern.test(received) || ended)
      if (!pattern.test(received)) throw new Error(`ended; received: ${received}`)
      return received
    },
    rest: () => waitFor(() => ended),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
