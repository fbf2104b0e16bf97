import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { WebSocket } from 'ws'
import { ensureCertificates, revokeCertificate } from '../../src/certs/folder.js'
import type { Change } from '../../src/model/change.js'
import {
  blobPath,
  LINK_PATH,
  listBlobs,
  MAX_FRAME_BYTES,
  type RefusalCode,
  UPLOAD_OFFSET,
  WINDOW,
} from '../../src/sync/protocol.js'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'
import { sha256, TestPeer } from '../sync/grand/test-grand.js'

const HOUR_MS = 3600 * 1000
const YEAR_MS = 365 * 24 * HOUR_MS

function certificate(dir: string, name: string): ConnectionOptions {
  const read = (file: string) => readFileSync(join(dir, file))
  return { ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`) }
}

/** A client with the certificate of a regional that can send arbitrary protocol messages. */
async function openRogue(t: Test, sphere: TestSphere, name = 'rogue'): Promise<TestPeer> {
  const url = sphere.grand.url.replace('https', 'wss') + LINK_PATH
  const options = { ...certificate(sphere.certsDir, name), perMessageDeflate: false } as object
  const socket = new WebSocket(url, options)
  t.teardown(() => socket.terminate())
  const rogue = new TestPeer(name, socket)
  await until('the rogue is connected', () => socket.readyState === WebSocket.OPEN)
  return rogue
}

/** Opens a TLS connection upgraded to WebSocket, to write raw frames on. */
async function openRawLink(t: Test, sphere: TestSphere): Promise<Socket> {
  const options = { ...certificate(sphere.certsDir, 'rogue'), host: '127.0.0.1', port: sphere.grand.port }
  const socket = connectTls(options)
  t.teardown(() => socket.destroy())
  let response = ''
  socket.on('data', (chunk) => {
    response += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  const key = randomBytes(16).toString('base64')
  socket.write(
    `GET ${LINK_PATH} HTTP/1.1\r\nHost: grand\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
  await until('the raw link is upgraded', () => response.startsWith('HTTP/1.1 101'))
  return socket
}

/** The header of a masked WebSocket frame from a client that announces this length (RFC 6455, section 5.2). */
function frameHeader(bytes: number): Buffer {
  const header = Buffer.alloc(14)
  header.writeUInt8(0x82, 0)
  header.writeUInt8(0xff, 1)
  header.writeBigUInt64BE(BigInt(bytes), 2)
  return header
}

interface Attack {
  code: RefusalCode
  run: (rogue: TestPeer) => void
}

const sendChanged = (rogue: TestPeer, overrides: object) =>
  rogue.send([{ ...rogue.token(), ...overrides } as Change])

/** Messages that the grand refuses with a reason on an established link. */
const ATTACKS: Record<string, Attack> = {
  'a change in the name of another server': {
    code: 'identity',
    run: (rogue) => sendChanged(rogue, { origin: 'eu' }),
  },
  'a field of the prototype': {
    code: 'invalid',
    run: (rogue) => {
      const text = JSON.stringify(rogue.token()).replace('"revoked"', '"__proto__":{"x":1},"revoked"')
      rogue.say({ type: 'changes', changes: [text], blobs: [] })
    },
  },
  'an invalid type': { code: 'invalid', run: (rogue) => sendChanged(rogue, { type: '../promoted' }) },
  'a path as a key': { code: 'invalid', run: (rogue) => sendChanged(rogue, { key: '../../etc/passwd' }) },
  'a path as a hash': {
    code: 'invalid',
    run: (rogue) => {
      const change = rogue.upload(randomBytes(10))
      rogue.send([{ ...change, fields: { ...change.fields, sha256: '../../../../tmp/evil' } }])
    },
  },
  'a change of another epoch': {
    code: 'invalid',
    run: (rogue) => sendChanged(rogue, { epoch: '0'.repeat(32) }),
  },
  'an oversized change': {
    code: 'protocol',
    run: (rogue) => rogue.say({ type: 'changes', changes: ['x'.repeat(70_000)], blobs: [] }),
  },
  'a blob that does not match its hash': {
    code: 'invalid',
    run: (rogue) => {
      const bytes = randomBytes(100)
      const blobs = [{ sha256: sha256(randomBytes(100)), bytes }]
      const change = rogue.upload(bytes)
      rogue.say({ type: 'changes', changes: [JSON.stringify(change)], blobs: listBlobs(blobs) }, blobs)
    },
  },
  'a gap': { code: 'gap', run: (rogue) => sendChanged(rogue, { oseq: 7 }) },
  'a second hello': { code: 'protocol', run: (rogue) => void rogue.sayHello().catch(() => undefined) },
  'the watermark of another server': {
    code: 'protocol',
    run: (rogue) => rogue.say({ type: 'watermark', server: 'eu', gseq: 0 }),
  },
  'an acknowledgement of entries that were never sent': {
    code: 'protocol',
    run: (rogue) => rogue.say({ type: 'applied', gseq: 1_000_000 }),
  },
  garbage: { code: 'protocol', run: (rogue) => rogue.socket.send(randomBytes(5000)) },
  'half a frame': {
    code: 'protocol',
    run: (rogue) => rogue.socket.send(Buffer.from([0, 0, 1, 0, 0x7b])),
  },
  'an empty frame': { code: 'protocol', run: (rogue) => rogue.socket.send(Buffer.alloc(0)) },
  'a message that only the grand sends': {
    code: 'protocol',
    run: (rogue) => rogue.say({ type: 'ack', oseq: 1 } as never),
  },
}

t.test('A rogue regional with a valid certificate does not disturb the other servers', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  await ensureCertificates(sphere.certsDir, { names: ['rogue'], now: new Date() })
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()

  await t.test('An invalid message is refused with a reason', async (t) => {
    for (const [what, { code, run }] of Object.entries(ATTACKS)) {
      const rogue = await openRogue(t, sphere)
      await rogue.sayHello()
      run(rogue)
      const refused = await rogue.receive('refused')
      t.equal(refused.code, code, what)
      t.not(refused.reason, '')
      await rogue.ended()
      await assertReplicates(t, sphere, alice)
    }
    t.equal(countEntriesOf(sphere, 'rogue'), 0, 'no change of the rogue is in the log')
  })

  await t.test(
    'A hello in the name of another server is refused, and that server stays connected',
    async (t) => {
      const rogue = await openRogue(t, sphere)
      rogue.sayHello({ server: 'eu' }).catch(() => undefined)
      t.equal((await rogue.receive('refused')).code, 'identity')
      await rogue.ended()
      await assertReplicates(t, sphere, alice)
    },
  )

  await t.test(
    'A change stamped in the future is refused, and accepted once it is stamped anew',
    async (t) => {
      const rogue = await openRogue(t, sphere)
      await rogue.sayHello()
      const ahead = (Date.now() + HOUR_MS).toString(16).padStart(12, '0')
      const change = rogue.token()
      rogue.send([{ ...change, stamp: `${ahead}-0000-rogue` }])
      t.match(await rogue.receive('refused'), { code: 'future-stamp', oseq: 1 })
      t.equal(countEntriesOf(sphere, 'rogue'), 0)
      await rogue.put([change])
      t.equal(countEntriesOf(sphere, 'rogue'), 1)
      await assertReplicates(t, sphere, alice)
    },
  )

  await t.test('A flood of changes ends the link with overload', async (t) => {
    const rogue = await openRogue(t, sphere)
    await rogue.sayHello()
    for (let i = 0; i < 10 * WINDOW; i += 1) rogue.send(Array.from({ length: 100 }, () => rogue.token()))
    const busy = assertReplicates(t, sphere, alice)
    t.equal((await rogue.receive('refused')).code, 'overload')
    await rogue.ended()
    await busy
  })

  await t.test('An oversized frame ends the link before it is read', async (t) => {
    const bare = await openRawLink(t, sphere)
    bare.write(frameHeader(MAX_FRAME_BYTES + 1))
    await until('the raw link is cut', () => bare.destroyed)
    await assertReplicates(t, sphere, alice)
  })

  await t.test('A connection that stalls within a frame or a handshake is cut', async (t) => {
    const claimed = await claimBlob(t, sphere)
    const bare = await openRawLink(t, sphere)
    bare.write(frameHeader(1000))
    bare.write(randomBytes(500))
    const silent = connectTcp(sphere.grand.port, '127.0.0.1')
    t.teardown(() => silent.destroy())
    silent.on('error', () => undefined)
    for (let i = 0; i < 200; i += 1) {
      const one = connectTcp(sphere.grand.port, '127.0.0.1')
      one.on('error', () => undefined)
      t.teardown(() => one.destroy())
    }
    await assertReplicates(t, sphere, alice)
    await until('both connections are cut', () => bare.destroyed && silent.destroyed)
    await assertReplicates(t, sphere, alice)
    t.equal(
      await claimed.upload('eu'),
      201,
      'a slow upload of a blob does not block the same blob from another server',
    )
  })

  await t.test('A regional that does not read does not slow down the others', async (t) => {
    const rogue = await openRogue(t, sphere)
    rogue.applies = false
    await rogue.sayHello()
    rogue.say({ type: 'follow', after: 0 })
    rogue.socket.pause()
    for (let i = 0; i < 5; i += 1) await assertReplicates(t, sphere, alice)
  })

  await t.test('Revoking a certificate cuts its link and refuses new connections', async (t) => {
    const rogue = await openRogue(t, sphere)
    await rogue.sayHello()
    await revokeCertificate(sphere.certsDir, 'rogue', new Date())
    t.equal((await rogue.receive('refused')).code, 'revoked')
    await rogue.ended()
    t.notOk(await isAccepted(sphere, certificate(sphere.certsDir, 'rogue')))
    await assertReplicates(t, sphere, alice)
  })

  await sphere.converged()
  await sphere.haveAllBlobs('eu', 'us')
  t.equal((await sphere.status('us')).dead_letters, 0)
  t.strictSame(await sphere.faults(), [])
})

t.test('Only a valid certificate of our authority that names a server is accepted', async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const other = await mkdtemp(join(tmpdir(), 'other-ca-'))
  t.teardown(() => rm(other, { recursive: true }))
  const now = Date.now()
  await ensureCertificates(other, { names: ['eu'], now: new Date(now) })
  await ensureCertificates(sphere.certsDir, { names: ['late'], now: new Date(now - 2 * YEAR_MS) })
  const { ca, ...eu } = certificate(sphere.certsDir, 'eu')
  t.ok(await isAccepted(sphere, { ca, ...eu }))
  t.notOk(await isAccepted(sphere, { ca }), 'no certificate')
  t.notOk(await isAccepted(sphere, { ...certificate(other, 'eu'), ca }), 'a certificate of another authority')
  t.notOk(await isAccepted(sphere, certificate(sphere.certsDir, 'late')), 'an expired certificate')
  t.notOk(await isAccepted(sphere, { ca, ...eu, maxVersion: 'TLSv1.2' }), 'TLS 1.2')
})

t.test('A regional sends nothing to a grand of another authority', async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const impostor = await TestSphere.open(t, [])
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  sphere.link('eu').cut()
  sphere.link('eu').target = impostor.grand.port
  sphere.link('eu').restore()
  await alice.put('secret')
  await until('eu reports the certificate error', async () =>
    /certificate/.test(String((await sphere.status('eu')).detail)),
  )
  t.equal((await sphere.status('eu')).connected, false)
  t.equal(impostor.grand.head, 0)
  sphere.link('eu').target = sphere.grand.port
  await sphere.converged()
})

/**
 * The rogue uploads a blob that it references, a few bytes at a time; the returned function uploads it for another
 * server.
 */
async function claimBlob(t: Test, sphere: TestSphere) {
  const bytes = randomBytes(200_000)
  const rogue = await openRogue(t, sphere)
  await rogue.sayHello()
  await rogue.put([rogue.upload(bytes)])
  const url = sphere.grand.url + blobPath(sha256(bytes))
  const agentOf = (name: string) => {
    const dispatcher = new Agent({ connect: certificate(sphere.certsDir, name) as object })
    t.teardown(() => dispatcher.destroy())
    return dispatcher
  }
  const put = async (dispatcher: Agent, offset: number, body: Buffer | AsyncIterable<Buffer>) => {
    const headers = { 'content-length': String(bytes.length - offset), [UPLOAD_OFFSET]: String(offset) }
    const response = await request(url, { method: 'PUT', dispatcher, body: body as Buffer, headers })
    await response.body.dump()
    return response.statusCode
  }
  /** Resumes at the grand's offset, as regionals do. */
  const upload = async (name: string) => {
    const dispatcher = agentOf(name)
    let status = 0
    for (let tries = 0; tries < 3 && status !== 201; tries += 1) {
      const { headers, body } = await request(url, { method: 'HEAD', dispatcher })
      await body.dump()
      const offset = Number(headers[UPLOAD_OFFSET])
      status = await put(dispatcher, offset, bytes.subarray(offset))
    }
    return status
  }
  async function* drip() {
    for (let at = 0; ; at += 100) {
      yield bytes.subarray(at, at + 100)
      await sleep(100)
    }
  }
  put(agentOf('rogue'), 0, drip()).catch(() => undefined)
  return { upload }
}

/** Checks that a file uploaded on one regional reaches the other one within 5 s. */
async function assertReplicates(t: Test, sphere: TestSphere, alice: Person): Promise<void> {
  const { id } = await alice.put(randomBytes(100))
  const there = sphere.at('us', alice)
  await until('us has applied the file', async () => (await there.get(`/files/${id}`)).status === 200, 5000)
  t.pass('the other servers replicate')
}

function countEntriesOf(sphere: TestSphere, origin: string): number {
  const db = new BetterSqlite3(join(sphere.grandDir, 'grand.db'), { readonly: true })
  try {
    const sql = 'select count(*) as count from log where origin = ?'
    return (db.prepare(sql).get(origin) as { count: number }).count
  } finally {
    db.close()
  }
}

/** Returns whether the grand responds to a request over a connection with this certificate. */
async function isAccepted(sphere: TestSphere, options: ConnectionOptions): Promise<boolean> {
  const socket = connectTls({ ...options, host: '127.0.0.1', port: sphere.grand.port })
  let response = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    response += chunk.toString()
  })
  socket.write('GET /health HTTP/1.1\r\nHost: grand\r\nConnection: close\r\n\r\n')
  await until('the connection has ended', () => socket.destroyed || socket.readableEnded)
  socket.destroy()
  return response.startsWith('HTTP/1.1 200')
}
