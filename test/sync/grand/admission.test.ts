import { once } from 'node:events'
import { appendFileSync, symlinkSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { test } from 'tap'
import { request } from 'undici'
import { DENY_LIST_FILE } from '../../../src/certs/deny-list.js'
import { ensureCertificates, revokeCertificate } from '../../../src/certs/folder.js'
import { DenyListFile } from '../../../src/sync/grand/deny-list-file.js'
import { serverNameOf } from '../../../src/sync/grand/peers.js'
import { LINK_PATH } from '../../../src/sync/protocol.js'
import { until } from '../../support/until.js'
import { TestGrand } from './test-grand.js'

/** What a TLS client sees that says nothing but a request line: an answer, or the end of the connection. */
async function knock(grand: TestGrand, options: object): Promise<string> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: grand.grand.port, ...options })
  let seen = ''
  socket.on('data', (chunk) => {
    seen += chunk
  })
  socket.on('error', () => undefined)
  socket.on('secureConnect', () =>
    socket.write('GET /health HTTP/1.1\r\nHost: grand\r\nConnection: close\r\n\r\n'),
  )
  await new Promise((resolve) => socket.on('close', resolve))
  return seen
}

test("only a connection with a valid certificate of the sphere's authority gets a response", async (t) => {
  const grand = await TestGrand.open(t)
  const { ca, cert, key } = grand.tls('eu')
  t.match(await knock(grand, { ca, cert, key }), /200 OK[\s\S]*"status":"ok"/)
  t.equal(await knock(grand, { ca }), '', 'none at all')
  const others = join(t.testdir(), 'certs')
  await ensureCertificates(others, { names: ['eu'], now: new Date() })
  t.equal(await knock(grand, { ...grand.tls('eu', others), ca }), '', 'of another authority')
  await ensureCertificates(grand.certsDir, { names: ['late'], now: new Date(Date.now() - 400 * 86_400_000) })
  t.equal(await knock(grand, { ...grand.tls('late'), ca }), '', 'expired')
  t.match(
    await knock(grand, { ...grand.tls('grand'), ca }),
    /200 OK/,
    "the grand's own certificate is accepted",
  )
  t.equal(await knock(grand, { ca, cert, key, maxVersion: 'TLSv1.2' }), '', 'TLS 1.2')
  const eu = await grand.link('eu')
  await eu.put([eu.token()])
})

test("the grand's own certificate allows requests for its health alone", async (t) => {
  const grand = await TestGrand.open(t)
  const get = async (path: string) =>
    (await request(grand.url + path, { dispatcher: grand.agent('grand') })).statusCode
  t.equal(await get('/health'), 200)
  for (const path of ['/status', '/metrics', `/blobs/${'0'.repeat(64)}`]) t.equal(await get(path), 403, path)
  const peer = await grand.connect('grand')
  const epoch = peer.epoch
  peer.say({
    type: 'hello',
    protocols: [1],
    server: 'grand',
    epoch,
    head: 0,
    cursor: null,
    time: 0,
    changes: 1,
  })
  const reason = 'the certificate is that of the grand itself, grand: a regional needs its own'
  t.match(await peer.receive('refused'), { code: 'identity', reason }, 'nor a link')
  await peer.ended()
})

test('revoking a certificate closes its connections at once, resumed TLS sessions included, and no others', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const session: Buffer[] = []
  const { ca, cert, key } = grand.tls('eu')
  const first = connect({ host: '127.0.0.1', port: grand.grand.port, ca, cert, key })
  first.on('session', (ticket) => session.push(ticket))
  await once(first, 'secureConnect')
  first.write('GET /health HTTP/1.1\r\nHost: grand\r\n\r\n')
  await until('tickets come', async () => session.length > 0)
  t.match(
    await knock(grand, { ca, cert, key, session: session.at(-1) }),
    /200 OK/,
    'a resumed TLS session is accepted',
  )
  await revokeCertificate(grand.certsDir, 'eu', new Date())
  t.equal((await eu.receive('refused')).code, 'revoked')
  await eu.ended()
  t.equal(await knock(grand, { ca, cert, key }), '')
  t.equal(await knock(grand, { ca, cert, key, session: session.at(-1) }), '')
  await us.put([us.token()])
  appendFileSync(join(grand.certsDir, DENY_LIST_FILE), 'who knows\n')
  t.equal(await knock(grand, { ca, cert, key }), '', 'a list that is spoilt frees nobody')
  await us.put([us.token()])
  await grand.stop()
  await t.rejects(grand.start(), /neither a fingerprint/)
})

test('a flood of unfinished TLS handshakes does not shut out a regional', async (t) => {
  const grand = await TestGrand.open(t)
  const silent = Array.from({ length: 300 }, () => connectTcp(grand.grand.port, '127.0.0.1'))
  for (const socket of silent) socket.on('error', () => undefined)
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  const eu = await grand.link('eu')
  await eu.put([eu.token()])
  for (const socket of silent) socket.destroy()
})

test('connections of one server above its limit are refused', async (t) => {
  const grand = await TestGrand.open(t)
  const { ca, cert, key } = grand.tls('eu')
  const sockets = Array.from({ length: 80 }, () =>
    connect({ host: '127.0.0.1', port: grand.grand.port, ca, cert, key }),
  )
  for (const socket of sockets) socket.on('error', () => undefined)
  await until('the surplus is gone', async () => sockets.filter(({ destroyed }) => destroyed).length >= 16)
  const us = await grand.link('us')
  await us.put([us.token()])
  for (const socket of sockets) socket.destroy()
})

test('health, status and metrics report the state of the grand', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  await eu.put([eu.token()])
  await eu.caughtUp(1)
  const dispatcher = grand.agent('us')
  const get = async (path: string, headers = {}) => {
    const { statusCode, body } = await request(grand.url + path, { dispatcher, headers })
    return { status: statusCode, text: await body.text() }
  }
  t.match(await get('/health'), { status: 200, text: /"status":"ok"/ })
  await until(
    'eu has applied it',
    async () => ((await grand.status()).links as { lag: number }[])[0]?.lag === 0,
  )
  t.match(await grand.status(), { log_head: 1, links: [{ server: 'eu', applied: 1 }], missing: { blobs: 0 } })
  t.equal((await get('/metrics')).status, 401)
  const metrics = await get('/metrics', { authorization: 'Bearer operator-token-of-the-tests' })
  t.match(metrics, { status: 200, text: /syncsphere_grand_log_head\{server="grand"\} 1/ })
  t.match(metrics.text, /syncsphere_grand_changes_total\{origin="eu",server="grand"\} 1/)
  t.equal((await get('/blobs/../etc/passwd')).status, 404)
  t.equal((await get(LINK_PATH)).status, 404, 'the link is for WebSockets')
  t.equal((await request(`${grand.url}/health`, { dispatcher, method: 'POST' })).statusCode, 405)
})

test('the server name of a certificate is its first DNS name', (t) => {
  const name = (subjectAltName: string | undefined) => serverNameOf({ subjectAltName })
  t.equal(name('DNS:eu, DNS:localhost'), 'eu')
  t.equal(name('IP Address:127.0.0.1, DNS:eu'), 'eu')
  t.equal(name('DNS:EU'), undefined)
  t.equal(name('DNS:*.example.org'), undefined)
  t.equal(name('URI:"http://a, DNS:eu, "'), undefined)
  t.equal(name('DNS:ca'), undefined)
  t.equal(name(undefined), undefined)
  t.end()
})

test('A deny list that is a link to nowhere is an error, not an empty list', async (t) => {
  const dir = t.testdir({})
  const open = () => new DenyListFile(dir, pino({ level: 'silent' })).start(() => undefined)
  open()[Symbol.dispose]()
  symlinkSync('nowhere', join(dir, DENY_LIST_FILE))
  t.throws(open, { message: /revoked\.txt: ENOENT/ })
})
