import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { blobPath, UPLOAD_OFFSET } from '../../src/sync/protocol.js'
import type { Direction, LinkProxy } from '../support/link-proxy.js'
import { filePart, formOf } from '../support/multipart.js'
import { type Person, sha256 } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

const MIB = 1024 * 1024
const DAY_MS = 24 * 3600 * 1000

/** Where a server keeps a large blob. */
function blobFile(dataDir: string, hash: string): string {
  return join(dataDir, 'blobs', hash.slice(0, 2), hash.slice(2, 4), hash)
}

/** Where a server keeps what came so far of a large blob. */
function partFile(dataDir: string, bytes: Buffer): string {
  return join(dataDir, 'incoming', sha256(bytes))
}

/** The places in a blob from which the grand was sent it, or asked for it, in order. */
function offsetsOf(t: Test, method: 'PUT' | 'GET', bytes: Buffer): number[] {
  const offsets: number[] = []
  const path = blobPath(sha256(bytes))
  const note = (message: unknown) => {
    const { request } = message as { request: IncomingMessage }
    if (request.method !== method || request.url !== path) return
    const from =
      method === 'PUT' ? request.headers[UPLOAD_OFFSET] : /\d+/.exec(request.headers.range ?? '')?.[0]
    offsets.push(Number(from))
  }
  subscribe('http.server.request.start', note)
  t.teardown(() => unsubscribe('http.server.request.start', note))
  return offsets
}

/** Where a transfer was broken off: what the file had then, and how many transfers had begun. */
interface Break {
  sizeBytes: number
  begun: number
}

/** Cuts a link each time so much of a blob is in its file. */
async function breakOff(
  { link, way, part, offsets }: { link: LinkProxy; way: Direction; part: string; offsets: number[] },
  marks: number[],
): Promise<Break[]> {
  const breaks: Break[] = []
  for (const mark of marks) {
    await until(`${mark} bytes are there`, () => existsSync(part) && statSync(part).size >= mark)
    breaks.push({ sizeBytes: statSync(part).size, begun: offsets.length })
    link.cut()
    link.restore()
    link.throttle(way, 16 * MIB)
  }
  return breaks
}

/** Whether there was a transfer after each break, and none of them began before what was there. */
function goesOn(offsets: number[], breaks: Break[]): boolean {
  return breaks.every(({ sizeBytes, begun }) => {
    const later = offsets.slice(begun)
    return later.length > 0 && later.every((offset) => offset >= sizeBytes)
  })
}

/** Alters one byte of a file in its place, as a failing disk does. */
async function corrupt(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), { position: 1000 })
  buffer[0] = (buffer[0] as number) ^ 1
  await file.write(buffer, 0, 1, 1000)
}

function lacks(sphere: TestSphere, name: string, bytes: Buffer): boolean {
  return sphere.regional(name).rows('select 1 from missing where sha256 = ?', sha256(bytes)).length > 0
}

async function fileOf(person: Person, id: string) {
  return (await person.get(`/files/${id}`)).json as { available: boolean; stored_on: string[] }
}

/** Waits until an account sees a file with these bytes stored on so many servers. */
async function storedOn(person: Person, id: string, count: number): Promise<string[]> {
  await until(`stored on ${count}`, async () => (await fileOf(person, id)).stored_on?.length === count)
  return (await fileOf(person, id)).stored_on.sort()
}

t.test('bytes find their way', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'], {}, { timing: { scrubMs: 700, replicasMs: 1500 } })
  const [eu, us] = [sphere.link('eu'), sphere.link('us')]
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  const there = sphere.at('us', alice)

  await t.test('a push that breaks off again and again never asks for what is there', async (t) => {
    const bytes = randomBytes(12 * MIB)
    const sent = offsetsOf(t, 'PUT', bytes)
    eu.throttle('to-grand', 16 * MIB)
    await alice.put(bytes, { name: 'pushed.bin' })
    const part = partFile(sphere.grandDir, bytes)
    const breaks = await breakOff({ link: eu, way: 'to-grand', part, offsets: sent }, [3 * MIB, 7 * MIB])
    const onGrand = blobFile(sphere.grandDir, sha256(bytes))
    await until('the grand has it', () => existsSync(onGrand))
    t.ok(goesOn(sent, breaks), JSON.stringify({ offsets: sent, breaks }))
    await sphere.haveAllBlobs('us')
    t.ok(readFileSync(blobFile(sphere.regional('us').dataDir, sha256(bytes))).equals(bytes))
  })

  await t.test('a pull that breaks off again and again never asks for what is there', async (t) => {
    const bytes = randomBytes(12 * MIB)
    const got = offsetsOf(t, 'GET', bytes)
    us.throttle('to-regional', 16 * MIB)
    await alice.put(bytes, { name: 'pulled.bin' })
    const part = partFile(sphere.regional('us').dataDir, bytes)
    const breaks = await breakOff({ link: us, way: 'to-regional', part, offsets: got }, [3 * MIB, 7 * MIB])
    await sphere.converged()
    await sphere.haveAllBlobs('us')
    t.ok(goesOn(got, breaks), JSON.stringify({ offsets: got, breaks }))
    t.ok(readFileSync(blobFile(sphere.regional('us').dataDir, sha256(bytes))).equals(bytes))
  })

  await t.test('a byte that is altered on the way is refused, and the right ones come', async (t) => {
    const bytes = randomBytes(5 * MIB)
    eu.flipAfter('to-grand', MIB)
    us.flipAfter('to-regional', MIB)
    const { id } = await alice.put(bytes, { name: 'flipped.bin' })
    t.strictSame(await storedOn(alice, id, 3), ['eu', 'grand', 'us'])
    t.ok(readFileSync(blobFile(sphere.regional('us').dataDir, sha256(bytes))).equals(bytes))
  })

  await t.test('a byte that rotted on a disk is found and fetched from another server', async (t) => {
    const bytes = randomBytes(200_000)
    const { id } = await alice.put(bytes, { name: 'corrupt.bin' })
    await storedOn(there, id, 3)
    const path = blobFile(sphere.regional('us').dataDir, sha256(bytes))
    await corrupt(path)
    await until('it is as it was', () => whole(path, bytes))
    await storedOn(there, id, 3)
    t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
  })

  await t.test('a byte that rotted before it was sent is not sent on', async (t) => {
    const bytes = randomBytes(200_000)
    await sphere.partition('us')
    const here = await there.put(bytes, { name: 'the same.bin' })
    eu.cut()
    const elsewhere = await alice.put(bytes, { name: 'the same.bin' })
    await corrupt(blobFile(sphere.regional('us').dataDir, sha256(bytes)))
    us.restore()
    await sphere.connected('us')
    await until('us finds out', () => lacks(sphere, 'us', bytes))
    await sphere.heal()
    for (const { id } of [here, elsewhere]) {
      await storedOn(there, id, 3)
      t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
    }
  })

  await t.test('bytes that the disk has lost are fetched through', async (t) => {
    const bytes = randomBytes(200_000)
    const { id } = await alice.put(bytes, { name: 'lost.bin' })
    await storedOn(there, id, 3)
    const path = blobFile(sphere.regional('us').dataDir, sha256(bytes))
    await rm(path)
    t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
    await until('it is here again', () => whole(path, bytes))
  })

  await t.test('a download is served while the bytes are still on their way', async (t) => {
    const bytes = randomBytes(6 * MIB)
    eu.throttle('to-grand', 4 * MIB)
    const { id } = await alice.put(bytes, { name: 'on its way.bin' })
    await until('us can hand it out', async () => (await fileOf(there, id)).available)
    t.notOk((await fileOf(there, id)).stored_on.some((server) => server !== 'eu'))
    const request = get(`${sphere.regional('us').url}/download/${id}`, { headers: there.headers })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    t.equal(response.statusCode, 200)
    const chunks: Buffer[] = []
    let early = 0
    const onGrand = blobFile(sphere.grandDir, sha256(bytes))
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      if (!existsSync(onGrand)) early += (chunk as Buffer).length
    }
    t.ok(Buffer.concat(chunks).equals(bytes))
    t.ok(early > MIB, `${early} bytes were handed out before the grand had all of them`)
    const part = await there.get(`/download/${id}`, { range: 'bytes=1000000-1999999' })
    t.equal(part.status, 206)
    t.ok(part.bytes.equals(bytes.subarray(1_000_000, 2_000_000)))
    eu.restore()
    t.strictSame(await storedOn(there, id, 3), ['eu', 'grand', 'us'])
  })

  await t.test('what nobody reachable has is pending, and says so', async (t) => {
    const bytes = randomBytes(4 * MIB)
    eu.throttle('to-grand', MIB)
    const { id } = await alice.put(bytes, { name: 'pending.bin' })
    await until('us knows of it', async () => (await there.get(`/files/${id}`)).status === 200)
    await sphere.partition('eu')
    await until('it is not to be had', async () => !(await fileOf(there, id)).available)
    const pending = await there.get(`/download/${id}`)
    t.equal(pending.outcome, '503 content-pending')
    t.ok(Number(pending.headers['retry-after']) > 0)
    t.equal((await fileOf(alice, id)).available, true, 'who has it can hand it out')
    await sphere.partition('us')
    t.equal((await there.get(`/download/${id}`)).outcome, '503 content-pending')
    await sphere.heal()
    await storedOn(there, id, 3)
    t.equal((await fileOf(there, id)).available, true)
    t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
  })

  await t.test('a file that is deleted before its bytes came holds up nothing', async (t) => {
    eu.throttle('to-grand', MIB)
    const large = await alice.put(randomBytes(4 * MIB), { name: 'never comes.bin' })
    const { id } = await alice.put(randomBytes(1000), { name: 'behind it.bin' })
    await until('us knows of it', async () => (await there.get(`/files/${id}`)).status === 200)
    t.notOk((await fileOf(there, id)).stored_on.includes('grand'))
    t.equal((await there.delete(`/files/${large.id}`)).status, 204)
    t.strictSame(await storedOn(alice, id, 3), ['eu', 'grand', 'us'])
    t.strictSame(await storedOn(there, id, 3), ['eu', 'grand', 'us'])
    eu.restore()
  })

  await t.test('small bytes come with the change that names them', async (t) => {
    const { id } = await alice.put('a few bytes', { name: 'small.txt' })
    await until('us knows of it', async () => (await there.get(`/files/${id}`)).status === 200)
    us.cut()
    t.equal((await there.get(`/download/${id}`)).bytes.toString(), 'a few bytes')
    await sphere.heal()
  })

  await t.test('an upload that asks for copies waits for them, for a time', async (t) => {
    const upload = (copies: number, bytes: Buffer) => {
      const form = formOf([filePart('copies.bin', bytes)])
      const headers = { 'content-type': form.contentType }
      return alice.ask('POST', `/upload?min_copies=${copies}`, { body: form.body, headers })
    }
    for (const bytes of [randomBytes(1000), randomBytes(200_000)]) {
      const all = await upload(3, bytes)
      t.equal(all.status, 201)
      t.strictSame(all.json.stored_on, ['eu', 'grand', 'us'])
    }
    await sphere.partition('us')
    const some = await upload(3, randomBytes(200_000))
    t.equal(some.status, 202)
    t.strictSame(some.json.stored_on, ['eu', 'grand'])
    await sphere.partition('eu')
    const one = await upload(2, randomBytes(1000))
    t.equal(one.status, 202)
    t.strictSame(one.json.stored_on, ['eu'])
    await sphere.heal()
    for (const { id } of [some.json, one.json]) {
      t.strictSame(await storedOn(alice, id, 3), ['eu', 'grand', 'us'])
      t.strictSame(await storedOn(there, id, 3), ['eu', 'grand', 'us'])
    }
  })

  t.strictSame(await sphere.faults(), [])
})

t.test('a byte that rotted on the grand is found, and brought again by a regional', async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const alice = await sphere.regional('eu').person('alice')
  const bytes = randomBytes(200_000)
  const { id } = await alice.put(bytes)
  await storedOn(alice, id, 2)
  const path = blobFile(sphere.grandDir, sha256(bytes))
  await corrupt(path)
  await sphere.add('us')
  await until('us knows of it', async () => (await sphere.at('us', alice).get(`/files/${id}`)).status === 200)
  t.ok(lacks(sphere, 'us', bytes), 'the wrong bytes are not taken')
  await sphere.stopGrand()
  await sphere.startGrand({ scrubMs: 300 })
  await until('it is as it was', () => whole(path, bytes))
  await sphere.haveAllBlobs('us')
  t.ok((await sphere.at('us', alice).get(`/download/${id}`)).bytes.equals(bytes))
  t.strictSame(await sphere.faults(), [])
})

t.test('bytes that no file names any more are swept everywhere, and no others', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'], {}, { timing: { garbageMs: 200 } })
  const alice = await sphere.regional('eu').person('alice')
  const bob = await sphere.regional('eu').person('bob')
  const [shared, own] = [randomBytes(200_000), randomBytes(200_000)]
  const mine = await alice.put(shared)
  const his = await bob.put(shared, { visibility: 'public' })
  const gone = await alice.put(own)
  await sphere.converged()
  await sphere.haveAllBlobs('us')
  for (const { id } of [mine, gone]) await alice.delete(`/files/${id}`)
  await sphere.converged()
  const [sharedFile, ownFile] = [shared, own].map((bytes) => blobFile(sphere.grandDir, sha256(bytes))) as [
    string,
    string,
  ]
  await until('eu has told all', () => existsSync(ownFile))
  for (const name of sphere.names) sphere.regional(name).pass(25 * 3600 * 1000)
  for (const name of sphere.names) {
    await until(`${name} has swept`, () => sphere.regional(name).rows('select 1 from blobs').length === 1)
    t.ok(whole(blobFile(sphere.regional(name).dataDir, sha256(shared)), shared))
  }
  t.equal((await sphere.collectGrandGarbage(Date.now() + DAY_MS + 3600_000)).blobs, 1)
  t.ok(existsSync(sharedFile))
  t.notOk(existsSync(ownFile))
  for (const name of sphere.names)
    t.ok((await sphere.regional(name).nobody().get(`/download/${his.id}`)).bytes.equals(shared))
  await sphere.converged()
  t.strictSame(await sphere.faults(), [])
})

function whole(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes)
  } catch {
    return false
  }
}
