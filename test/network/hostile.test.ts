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

/** A server of the rogue's own making, which speaks the protocol as far as it likes. */
async function openRogue(t: Test, sphere: TestSphere, name = 'rogue'): Promise<TestPeer> {
  const url = sphere.grand.url.replace('https', 'wss') + LINK_PATH
  const options = { ...certificate(sphere.certsDir, name), perMessageDeflate: false } as object
  const socket = new WebSocket(url, options)
  t.teardown(() => socket.terminate())
  const rogue = new TestPeer(name, socket)
  await until('the rogue is connected', () => socket.readyState === WebSocket.OPEN)
  return rogue
}

/** What it says over a bare TLS connection, after the handshake of a WebSocket. */
async function openBare(t: Test, sphere: TestSphere): Promise<Socket> {
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
  await until('the bare link stands', () => response.startsWith('HTTP/1.1 101'))
  return socket
}

/** The header of a WebSocket frame from a client, which announces so many bytes (RFC 6455, section 5.2). */
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

const changed = (rogue: TestPeer, overrides: object) =>
  rogue.send([{ ...rogue.token(), ...overrides } as Change])

/** What the grand refuses with a reason once a link stands. */
const ATTACKS: Record<string, Attack> = {
  'a change in the name of another server': {
    code: 'identity',
    run: (rogue) => changed(rogue, { origin: 'eu' }),
  },
  'a field of the prototype': {
    code: 'invalid',
    run: (rogue) => {
      const text = JSON.stringify(rogue.token()).replace('"revoked"', '"__proto__":{"x":1},"revoked"')
      rogue.say({ type: 'changes', changes: [text], blobs: [] })
    },
  },
  'a type that is none': { code: 'invalid', run: (rogue) => changed(rogue, { type: '../promoted' }) },
  'a path as a key': { code: 'invalid', run: (rogue) => changed(rogue, { key: '../../etc/passwd' }) },
  'a path as a hash': {
    code: 'invalid',
    run: (rogue) => {
      const change = rogue.upload(randomBytes(10))
      rogue.send([{ ...change, fields: { ...change.fields, sha256: '../../../../tmp/evil' } }])
    },
  },
  'a change of another epoch': {
    code: 'invalid',
    run: (rogue) => changed(rogue, { epoch: '0'.repeat(32) }),
  },
  'a change that is too large': {
    code: 'protocol',
    run: (rogue) => rogue.say({ type: 'changes', changes: ['x'.repeat(70_000)], blobs: [] }),
  },
  'bytes that are not those of their hash': {
    code: 'invalid',
    run: (rogue) => {
      const bytes = randomBytes(100)
      const blobs = [{ sha256: sha256(randomBytes(100)), bytes }]
      const change = rogue.upload(bytes)
      rogue.say({ type: 'changes', changes: [JSON.stringify(change)], blobs: listBlobs(blobs) }, blobs)
    },
  },
  'a gap': { code: 'gap', run: (rogue) => changed(rogue, { oseq: 7 }) },
  'a second hello': { code: 'protocol', run: (rogue) => void rogue.sayHello().catch(() => undefined) },
  'the watermark of another server': {
    code: 'protocol',
    run: (rogue) => rogue.say({ type: 'watermark', server: 'eu', gseq: 0 }),
  },
  'entries applied that were never sent': {
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

t.test('a rogue regional with a valid certificate harms nobody', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  await ensureCertificates(sphere.certsDir, { names: ['rogue'], now: new Date() })
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()

  await t.test('what it must not send is refused with a reason', async (t) => {
    for (const [what, { code, run }] of Object.entries(ATTACKS)) {
      const rogue = await openRogue(t, sphere)
      await rogue.sayHello()
      run(rogue)
      const refused = await rogue.receive('refused')
      t.equal(refused.code, code, what)
      t.not(refused.reason, '')
      await rogue.ended()
      await goesOn(t, sphere, alice)
    }
    t.equal(loggedOf(sphere, 'rogue'), 0, 'nothing of it is in the log')
  })

  await t.test('it cannot say hello as another server, and that one stays linked', async (t) => {
    const rogue = await openRogue(t, sphere)
    rogue.sayHello({ server: 'eu' }).catch(() => undefined)
    t.equal((await rogue.receive('refused')).code, 'identity')
    await rogue.ended()
    await goesOn(t, sphere, alice)
  })

  await t.test('a stamp from the future is not logged; what is stamped anew is', async (t) => {
    const rogue = await openRogue(t, sphere)
    await rogue.sayHello()
    const ahead = (Date.now() + HOUR_MS).toString(16).padStart(12, '0')
    const change = rogue.token()
    rogue.send([{ ...change, stamp: `${ahead}-0000-rogue` }])
    t.match(await rogue.receive('refused'), { code: 'future-stamp', oseq: 1 })
    t.equal(loggedOf(sphere, 'rogue'), 0)
    await rogue.put([change])
    t.equal(loggedOf(sphere, 'rogue'), 1)
    await goesOn(t, sphere, alice)
  })

  await t.test('a flood ends with its link', async (t) => {
    const rogue = await openRogue(t, sphere)
    await rogue.sayHello()
    for (let i = 0; i < 10 * WINDOW; i += 1) rogue.send(Array.from({ length: 100 }, () => rogue.token()))
    const busy = goesOn(t, sphere, alice)
    t.equal((await rogue.receive('refused')).code, 'overload')
    await rogue.ended()
    await busy
  })

  await t.test('a frame that is too large ends its link before it is read', async (t) => {
    const bare = await openBare(t, sphere)
    bare.write(frameHeader(MAX_FRAME_BYTES + 1))
    await until('the bare link is cut', () => bare.destroyed)
    await goesOn(t, sphere, alice)
  })

  await t.test('one that stops in the middle of a frame, or of a handshake, is cut off', async (t) => {
    const claimed = await claimBytes(t, sphere)
    const bare = await openBare(t, sphere)
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
    await goesOn(t, sphere, alice)
    await until('both are cut', () => bare.destroyed && silent.destroyed)
    await goesOn(t, sphere, alice)
    t.equal(await claimed.bring('eu'), 201, 'nor does one that only drips keep out the bytes')
  })

  await t.test('one that does not read slows nobody down', async (t) => {
    const rogue = await openRogue(t, sphere)
    rogue.applies = false
    await rogue.sayHello()
    rogue.say({ type: 'follow', after: 0 })
    rogue.socket.pause()
    for (let i = 0; i < 5; i += 1) await goesOn(t, sphere, alice)
  })

  await t.test('once it is revoked its link is cut, and it never gets in again', async (t) => {
    const rogue = await openRogue(t, sphere)
    await rogue.sayHello()
    await revokeCertificate(sphere.certsDir, 'rogue', new Date())
    t.equal((await rogue.receive('refused')).code, 'revoked')
    await rogue.ended()
    t.notOk(await isLetIn(sphere, certificate(sphere.certsDir, 'rogue')))
    await goesOn(t, sphere, alice)
  })

  await sphere.converged()
  await sphere.haveAllBlobs('eu', 'us')
  t.equal((await sphere.status('us')).dead_letters, 0)
  t.strictSame(await sphere.faults(), [])
})

t.test('only a valid certificate of our authority that names a server gets in', async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const other = await mkdtemp(join(tmpdir(), 'other-ca-'))
  t.teardown(() => rm(other, { recursive: true }))
  const now = Date.now()
  await ensureCertificates(other, { names: ['eu'], now: new Date(now) })
  await ensureCertificates(sphere.certsDir, { names: ['late'], now: new Date(now - 2 * YEAR_MS) })
  const { ca, ...eu } = certificate(sphere.certsDir, 'eu')
  t.ok(await isLetIn(sphere, { ca, ...eu }))
  t.notOk(await isLetIn(sphere, { ca }), 'no certificate')
  t.notOk(await isLetIn(sphere, { ...certificate(other, 'eu'), ca }), 'one of another authority')
  t.notOk(await isLetIn(sphere, certificate(sphere.certsDir, 'late')), 'one that has expired')
  t.notOk(await isLetIn(sphere, { ca, ...eu, maxVersion: 'TLSv1.2' }), 'an older TLS')
})

t.test(
  'a regional gives nothing to a grand that is not of its authority or not the one it was told',
  async (t) => {
    const sphere = await TestSphere.open(t, ['eu'])
    const impostor = await TestSphere.open(t, [])
    const alice = await sphere.regional('eu').person('alice')
    await sphere.converged()
    sphere.link('eu').cut()
    sphere.link('eu').target = impostor.grand.port
    sphere.link('eu').restore()
    await alice.put('secret')
    await until('eu says why', async () => /certificate/.test(String((await sphere.status('eu')).detail)))
    t.equal((await sphere.status('eu')).connected, false)
    t.equal(impostor.grand.head, 0)
    sphere.link('eu').target = sphere.grand.port
    await sphere.converged()
  },
)

/** The rogue brings bytes that it named, a little at a time; others who have them bring them too. */
async function claimBytes(t: Test, sphere: TestSphere) {
  const bytes = randomBytes(200_000)
  const rogue = await openRogue(t, sphere)
  await rogue.sayHello()
  await rogue.put([rogue.upload(bytes)])
  const url = sphere.grand.url + blobPath(sha256(bytes))
  const open = (name: string) => {
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
  /** Goes on where the grand is, as regionals do. */
  const bring = async (name: string) => {
    const dispatcher = open(name)
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
  put(open('rogue'), 0, drip()).catch(() => undefined)
  return { bring }
}

/** What happens on one regional is on the other one soon, whatever else goes on. */
async function goesOn(t: Test, sphere: TestSphere, alice: Person): Promise<void> {
  const { id } = await alice.put(randomBytes(100))
  const there = sphere.at('us', alice)
  await until('us has it', async () => (await there.get(`/files/${id}`)).status === 200, 5000)
  t.pass('the others go on')
}

function loggedOf(sphere: TestSphere, origin: string): number {
  const db = new BetterSqlite3(join(sphere.grandDir, 'grand.db'), { readonly: true })
  try {
    const sql = 'select count(*) as count from log where origin = ?'
    return (db.prepare(sql).get(origin) as { count: number }).count
  } finally {
    db.close()
  }
}

/** Whether the grand answers a request over a connection with this certificate. */
async function isLetIn(sphere: TestSphere, options: ConnectionOptions): Promise<boolean> {
  const socket = connectTls({ ...options, host: '127.0.0.1', port: sphere.grand.port })
  let response = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    response += chunk.toString()
  })
  socket.write('GET /health HTTP/1.1\r\nHost: grand\r\nConnection: close\r\n\r\n')
  await until('it is over', () => socket.destroyed || socket.readableEnded)
  socket.destroy()
  return response.startsWith('HTTP/1.1 200')
}
