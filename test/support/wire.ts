import { connect, type Socket } from 'node:net'

/** A response as received on the wire; interim responses (1xx) are skipped. */
export interface WireResponse {
  status: number
  /** Lower-case names. Repeated `set-cookie` values are joined; of other repeated headers the last one counts. */
  headers: Record<string, string>
  body: Buffer
  /** Whether the body has its declared length. */
  isWhole: boolean
}

export interface Sending {
  /** The client's source address, any of 127.0.0.0/8. */
  localAddress?: string
  /** Methods of the requests, in order; a response to HEAD has no body. */
  methods?: string[]
  /** Closes the sending side after the last byte. */
  halfClose?: boolean
  /** Disconnects as soon as the head of a response is complete. */
  disconnectAfterHead?: boolean
  /** Disconnects after this time. */
  disconnectAfterMs?: number
}

/**
 * Sends raw bytes over a new connection, and returns the responses received until either side closes it.
 * @throws Error if the server has not closed it within 20 s
 */
export async function exchange(
  origin: string,
  bytes: Buffer,
  sending: Sending = {},
): Promise<WireResponse[]> {
  const { hostname, port } = new URL(origin)
  const { localAddress, methods, disconnectAfterHead, disconnectAfterMs, halfClose } = sending
  const socket = connect({ host: hostname, port: Number(port), ...(localAddress && { localAddress }) })
  const received: Buffer[] = []
  socket.on('data', (chunk) => {
    received.push(chunk)
    if (
      disconnectAfterHead &&
      /^HTTP\/1\.1 [2-5][\s\S]*?\r\n\r\n/.test(Buffer.concat(received).toString('latin1'))
    )
      socket.destroy()
  })
  if (halfClose) socket.end(bytes)
  else socket.write(bytes)
  const isDisconnected = await ended(socket, disconnectAfterMs)
  if (isDisconnected === 'late')
    throw new Error(
      `not closed within 20 s; received: ${Buffer.concat(received).toString('latin1').slice(0, 500)}`,
    )
  return responsesIn(Buffer.concat(received), methods)
}

async function ended(socket: Socket, leaveAfterMs: number | undefined): Promise<'ended' | 'late'> {
  let outcome: 'ended' | 'late' = 'ended'
  const timer = setTimeout(() => {
    if (leaveAfterMs === undefined) outcome = 'late'
    socket.destroy()
  }, leaveAfterMs ?? 20_000)
  // A server that closes while it still receives resets the connection; the responses sent before count.
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('close', resolve))
  clearTimeout(timer)
  return outcome
}

/** Parses HTTP/1.1 responses (RFC 9112). @throws Error for anything else */
function responsesIn(bytes: Buffer, methods: string[] = []): WireResponse[] {
  const responses: WireResponse[] = []
  for (let at = 0; at < bytes.length; ) {
    const endOfHead = bytes.indexOf('\r\n\r\n', at)
    if (endOfHead < 0) throw new Error(`incomplete response head: ${bytes.toString('latin1', at, at + 200)}`)
    const [first = '', ...lines] = bytes.toString('latin1', at, endOfHead).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
    if (Number.isNaN(status)) throw new Error(`not a response: ${first.slice(0, 200)}`)
    at = endOfHead + 4
    if (status < 200) continue
    const headers = headersOf(lines)
    // The server cannot know the method of a malformed request, so its response to HEAD has a body.
    const endsHere = at === bytes.length || bytes.subarray(at, at + 5).equals(Buffer.from('HTTP/'))
    const isEmpty = status === 204 || status === 304 || (methods[responses.length] === 'HEAD' && endsHere)
    const { body, end, isWhole } = isEmpty
      ? { body: Buffer.alloc(0), end: at, isWhole: true }
      : bodyAt(bytes, at, headers)
    responses.push({ status, headers, body, isWhole })
    at = end
  }
  return responses
}

function headersOf(lines: string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? []
    const key = name.toLowerCase()
    headers[key] = key === 'set-cookie' && headers[key] ? `${headers[key]}, ${value}` : value
  }
  return headers
}

interface Body {
  body: Buffer
  /** The offset of the next response. */
  end: number
  isWhole: boolean
}

function bodyAt(bytes: Buffer, at: number, headers: Record<string, string>): Body {
  if (headers['transfer-encoding'] === 'chunked') return chunksAt(bytes, at)
  const length = headers['content-length']
  const end = length === undefined ? bytes.length : at + Number(length)
  return { body: bytes.subarray(at, end), end, isWhole: end <= bytes.length }
}

function chunksAt(bytes: Buffer, start: number): Body {
  const chunks: Buffer[] = []
  for (let at = start; ; ) {
    const endOfSize = bytes.indexOf('\r\n', at)
    const size = endOfSize < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, endOfSize), 16)
    const end = endOfSize + 2 + size
    if (Number.isNaN(size) || end + 2 > bytes.length)
      return { body: Buffer.concat(chunks), end: bytes.length, isWhole: false }
    if (size === 0) return { body: Buffer.concat(chunks), end: end + 2, isWhole: true }
    chunks.push(bytes.subarray(endOfSize + 2, end))
    at = end + 2
  }
}
