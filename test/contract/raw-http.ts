import { connect, type Socket } from 'node:net'

/** A TCP connection that sends exactly the bytes of a test. */
export interface RawConnection extends Disposable {
  socket: Socket
  send(text: string | Buffer): void
  /** Waits until the received text matches; fails when the connection ends first, or after 10 s. */
  until(pattern: RegExp): Promise<string>
  /** Waits until the server closes the connection, and returns all received text. */
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
      if (Date.now() > deadline) throw new Error(`timeout; received: ${received}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return received
  }
  return {
    socket,
    send: (text) => void socket.write(text),
    async until(pattern) {
      await waitFor(() => pattern.test(received) || ended)
      if (!pattern.test(received)) throw new Error(`connection closed; received: ${received}`)
      return received
    },
    rest: () => waitFor(() => ended),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
