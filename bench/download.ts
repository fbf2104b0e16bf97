import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** One reused read buffer keeps the client cheaper than either server. */
const READ_BYTES = 1024 ** 2

/**
 * Downloads over a new connection and discards the content.
 * @returns seconds from before the connection until the last of `bytes` bytes
 */
export function timeDownload(
  url: string,
  bytes: number,
  headers: Record<string, string> = {},
): Promise<number> {
  const { hostname, port, protocol, pathname } = new URL(url)
  const lines = Object.entries({ host: hostname, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let remainingBytes: number | undefined
    const take = (chunk: Buffer) => {
      remainingBytes =
        remainingBytes === undefined ? bytes - bodyOf(chunk, bytes) : remainingBytes - chunk.length
      if (remainingBytes > 0) return
      socket.destroy()
      resolve((performance.now() - began) / 1000)
    }
    const takeOrFail = (chunk: Buffer) => {
      try {
        take(chunk)
      } catch (error) {
        socket.destroy(error as Error)
      }
    }
    const address = { host: hostname, port: Number(port) }
    const socket =
      protocol === 'https:'
        ? connectTls({ ...address, rejectUnauthorized: false }).on('data', takeOrFail)
        : connect({ ...address, onread: { buffer: Buffer.alloc(READ_BYTES), callback: takeRead } })
    function takeRead(length: number, buffer: Uint8Array): boolean {
      takeOrFail(Buffer.from(buffer.buffer, buffer.byteOffset, length))
      return true
    }
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`${url} closed the connection early`)))
    socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`)
  })
}

/** Number of body bytes in a first chunk, which begins with the response head. */
function bodyOf(chunk: Buffer, bytes: number): number {
  const end = chunk.indexOf('\r\n\r\n')
  const head = chunk.toString('latin1', 0, end)
  if (
    end < 0 ||
    !head.startsWith('HTTP/1.1 200') ||
    !new RegExp(`content-length: ${bytes}\r?$`, 'im').test(head)
  )
    throw new Error(`unexpected response to the download: ${head}`)
  return chunk.length - end - 4
}
