import { connect, type Socket } from 'node:net'

/** One answer as it came over the wire; interim ones (1xx) are passed over. */
export interface WireResponse {
  status: number
  /** Names in lower case; of several with one name the last, but all cookies. */
  headers: Record<string, string>
  body: Buffer
  /** Whether the body came to its declared end. */
  isWhole: boolean
}

export interface Sending {
  /** The client's own, any of 127.0.0.0/8. */
  localAddress?: string
  /** Methods of the requests, in order: an answer to HEAD has no body. */
  methods?: string[]
  /** Ends the sending side after the last byte. */
  halfClose?: boolean
  /** Leaves, without waiting for more, as soon as the head of an answer is there. */
  leaveAfterHead?: boolean
  /** Leaves after so long, whatever came. */
  leaveAfterMs?: number
}

/**
 * Sends bytes over a connection of its own, whatever they are, and gives the answers that came until the server, or
 * this side, ended it.
 * @throws Error when the server does not end it for 20 s
 */
export async function exchange(
  origin: string,
  bytes: Buffer,
  sending: Sending = {},
): Promise<WireResponse[]> {
  const { hostname, port } = new URL(origin)
  const { localAddress, methods, leaveAfterHead, leaveAfterMs, halfClose } = sending
  const socket = connect({ host: hostname, port: Number(port), ...(localAddress && { localAddress }) })
  const received: Buffer[] = []
  socket.on('data', (chunk) => {
    received.push(chunk)
    if (
      leaveAfterHead &&
      /^HTTP\/1\.1 [2-5][\s\S]*?\r\n\r\n/.test(Buffer.concat(received).toString('latin1'))
    )
      socket.destroy()
  })
  if (halfClose) socket.end(bytes)
  else socket.write(bytes)
  const hasLeft = await ended(socket, leaveAfterMs)
  if (hasLeft === 'late')
    throw new Error(`no end in 20 s; came: ${Buffer.concat(received).toString('latin1').slice(0, 500)}`)
  return responsesIn(Buffer.concat(received), methods)
}

async function ended(socket: Socket, leaveAfterMs: number | undefined): Promise<'ended' | 'late'> {
  let outcome: 'ended' | 'late' = 'ended'
  const timer = setTimeout(() => {
    if (leaveAfterMs === undefined) outcome = 'late'
    socket.destroy()
  }, leaveAfterMs ?? 20_000)
  // A server that closes while it is still sent to resets the connection; what it said before counts.
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('close', resolve))
  clearTimeout(timer)
  return outcome
}

/** Takes answers of HTTP/1.1 apart (RFC 9112). @throws Error where something else stands */
function responsesIn(bytes: Buffer, methods: string[] = []): WireResponse[] {
  const answers: WireResponse[] = []
  for (let at = 0; at < bytes.length; ) {
    const endOfHead = bytes.indexOf('\r\n\r\n', at)
    if (endOfHead < 0) throw new Error(`half a head: ${bytes.toString('latin1', at, at + 200)}`)
    const [first = '', ...lines] = bytes.toString('latin1', at, endOfHead).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
    if (Number.isNaN(status)) throw new Error(`no answer: ${first.slice(0, 200)}`)
    at = endOfHead + 4
    if (status < 200) continue
    const headers = headersOf(lines)
    // What could not be read as a request is answered as if it were no HEAD.
    const endsHere = at === bytes.length || bytes.subarray(at, at + 5).equals(Buffer.from('HTTP/'))
    const isEmpty = status === 204 || status === 304 || (methods[answers.length] === 'HEAD' && endsHere)
    const { body, end, isWhole } = isEmpty
      ? { body: Buffer.alloc(0), end: at, isWhole: true }
      : bodyAt(bytes, at, headers)
    answers.push({ status, headers, body, isWhole })
    at = end
  }
  return answers
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
  /** Where the next answer starts. */
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
