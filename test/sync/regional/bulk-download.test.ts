import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../../src/certs/folder.js'
import { readPeerTls } from '../../../src/certs/peer-tls.js'
import { BulkDownload } from '../../../src/sync/regional/bulk-download.js'
import { bytesOf } from '../../support/byte-sources.js'
import { until } from '../../support/until.js'

const MIB = 1024 * 1024
const REQUEST = ['GET /blobs/some HTTP/1.1', 'Host: grand', 'Connection: close']

/** A TLS server that does this with who connects, and the way to ask it. */
async function serving(t: Test, serve: (socket: TLSSocket) => unknown, authority = 'the same') {
  const folder = t.testdir()
  const tls = async (name: string, certsDir: string) => {
    await ensureCertificates(certsDir, { names: [name], now: new Date() })
    return readPeerTls(certsDir, name)
  }
  const server = createServer({ ...(await tls('grand', join(folder, 'the same'))), requestCert: true })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => serve(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const options = { ...(await tls('eu', join(folder, authority))), host: '127.0.0.1', port }
  return (stalledMs = 10_000, signal = new AbortController().signal) =>
    BulkDownload.send(options, REQUEST, { signal, stalledMs, onClose: () => {} })
}

function headOf(length: number, status = 206): string {
  return `HTTP/1.1 ${status} Some Words\r\nContent-Type: some/thing\r\nContent-Length: ${length}\r\n\r\n`
}

t.test('a download is complete and in order, also for a slow and uneven reader', async (t) => {
  const bytes = randomBytes(5 * MIB + 11)
  const send = await serving(t, (socket) =>
    socket.write(Buffer.concat([Buffer.from(headOf(bytes.length)), bytes])),
  )
  const download = await send()
  t.equal(download.status, 206)
  const taken: Buffer[] = []
  let count = 0
  await download.copy((chunk) => {
    count += 1
    if (count % 7 > 0) return void taken.push(Buffer.from(chunk))
    // Looked at only later: nothing may have been written over it.
    return turn()
      .then(() => turn())
      .then(() => void taken.push(Buffer.from(chunk)))
  })
  t.ok(Buffer.concat(taken).equals(bytes))
})

t.test('a reader that pauses stalls the sender, and gets every byte in the end', async (t) => {
  const piece = randomBytes(MIB)
  const pieces = 64
  let sent = 0
  const send = await serving(t, async (socket) => {
    socket.write(headOf(pieces * MIB))
    for (; sent < pieces; sent += 1) if (!socket.write(piece)) await once(socket, 'drain')
  })
  const download = await send()
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  let taken = 0
  const whole = download.copy((chunk) => {
    taken += chunk.length
    return taken > chunk.length ? undefined : held
  })
  await steady(() => sent)
  t.ok(sent < pieces / 2, `${sent} MiB were sent`)
  letGo()
  await whole
  t.equal(taken, pieces * MIB)
})

t.test('the head of a response may arrive in pieces, with the body in the last one', async (t) => {
  const response = Buffer.concat([Buffer.from(headOf(5, 200)), Buffer.from('bytes')])
  const send = await serving(t, async (socket) => {
    for (const byte of response.subarray(0, -6)) {
      socket.write(Buffer.of(byte))
      await turn()
    }
    socket.end(response.subarray(-6))
  })
  const download = await send()
  t.equal(download.status, 200)
  t.equal(String(await bytesOf(download)), 'bytes')
})

t.test('a response without a body ends at once', async (t) => {
  const send = await serving(t, (socket) => socket.end(headOf(0, 404)))
  const download = await send()
  t.equal(download.status, 404)
  t.equal((await bytesOf(download)).length, 0)
})

t.test(
  'a response that breaks off rejects: before its head, within its body, or while the reader pauses',
  async (t) => {
    const early = await serving(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'))
    await t.rejects(early(), /ended early/)
    const midst = await serving(t, (socket) => socket.end(`${headOf(MIB)}some bytes`))
    await t.rejects(bytesOf(await midst()), /ended early/)
    const cut = await serving(t, (socket) => socket.write(`${headOf(MIB)}some bytes`, () => socket.destroy()))
    const download = await cut()
    await turn()
    await t.rejects(bytesOf(download))
  },
)

t.test('a response that breaks off while a chunk is being taken rejects after that', async (t) => {
  const send = await serving(t, (socket) => socket.write(`${headOf(MIB)}some bytes`))
  const link = new AbortController()
  const download = await send(10_000, link.signal)
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  let taken = false
  const copied = download.copy(async () => {
    await held
    taken = true
  })
  link.abort()
  await turn()
  letGo()
  await t.rejects(copied)
  t.ok(taken)
})

for (const [what, head] of [
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['no length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'X-Filler: 0123456789\r\n'.repeat(1000)}`],
] as const) {
  t.test(`a response with ${what} is refused`, async (t) => {
    const send = await serving(t, (socket) => socket.write(head))
    await t.rejects(send(), /is not valid HTTP/)
  })
}

t.test('a download rejects when its signal aborts, when it stalls, and when its reader fails', async (t) => {
  const send = await serving(t, (socket) => socket.write(`${headOf(MIB)}some bytes`))
  const link = new AbortController()
  const aborted = t.rejects(bytesOf(await send(10_000, link.signal)), { name: 'AbortError' })
  link.abort()
  await aborted
  await t.rejects(bytesOf(await send(50)), /nothing moved for 50 ms/)
  const failing = await send()
  await t.rejects(
    failing.copy(() => {
      throw new Error('disk full')
    }),
    /disk full/,
  )
})

t.test('a server with a certificate of another authority gets no request', async (t) => {
  let asked = 0
  const send = await serving(t, () => (asked += 1), 'another authority')
  await t.rejects(send(), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
  t.equal(asked, 0)
})

/** Waits until a number has been the same for a fifth of a second. */
async function steady(value: () => number): Promise<void> {
  let since = performance.now()
  let last = value()
  await until('the sender is stalled', () => {
    if (value() !== last) since = performance.now()
    last = value()
    return performance.now() - since > 200
  })
}
