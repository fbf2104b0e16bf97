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

/** The path of a large blob in a server's data folder. */
function blobFile(dataDir: string, hash: string): string {
  return join(dataDir, 'blobs', hash.slice(0, 2), hash.slice(2, 4), hash)
}

/** The path of a partly received large blob in a server's data folder. */
function partialFile(dataDir: string, bytes: Buffer): string {
  return join(dataDir, 'incoming', sha256(bytes))
}

/** Records the start offset of each PUT or GET of a blob at the grand, in order. */
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

/** An interrupted transfer: the size of the partial file, and the number of transfers begun before. */
interface Break {
  sizeBytes: number
  startedTransfers: number
}

/** Cuts a link each time the partial file reaches one of these sizes. */
async function cutAtSizes(
  {
    link,
    direction,
    partialPath,
    offsets,
  }: { link: LinkProxy; direction: Direction; partialPath: string; offsets: number[] },
  sizesBytes: number[],
): Promise<Break[]> {
  const breaks: Break[] = []
  for (const minBytes of sizesBytes) {
    await until(
      `the partial file has ${minBytes} bytes`,
      () => existsSync(partialPath) && statSync(partialPath).size >= minBytes,
    )
    breaks.push({ sizeBytes: statSync(partialPath).size, startedTransfers: offsets.length })
    link.cut()
    link.restore()
    link.throttle(direction, 16 * MIB)
  }
  return breaks
}

/** Checks that each break is followed by a transfer, and that none starts below the bytes already received. */
function resumes(offsets: number[], breaks: Break[]): boolean {
  return breaks.every(({ sizeBytes, startedTransfers }) => {
    const later = offsets.slice(startedTransfers)
    return later.length > 0 && later.every((offset) => offset >= sizeBytes)
  })
}

/** Alters one byte of a file in place, as a failing disk does. */
async function corrupt(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), { position: 1000 })
  buffer[0] = (buffer[0] as number) ^ 1
  await file.write(buffer, 0, 1, 1000)
}

function isMissing(sphere: TestSphere, name: string, bytes: Buffer): boolean {
  return sphere.regional(name).rows('select 1 from missing where sha256 = ?', sha256(bytes)).length > 0
}

async function fileOf(person: Person, id: string) {
  return (await person.get(`/files/${id}`)).json as { available: boolean; stored_on: string[] }
}

/** Waits until an account sees the file stored on `count` servers; returns their names, sorted. */
async function waitStoredOn(person: Person, id: string, count: number): Promise<string[]> {
  await until(
    `the file is stored on ${count} servers`,
    async () => (await fileOf(person, id)).stored_on?.length === count,
  )
  return (await fileOf(person, id)).stored_on.sort()
}

t.test('Blobs reach every server despite faults of links and disks', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'], {}, { timing: { scrubMs: 700, replicasMs: 1500 } })
  const [eu, us] = [sphere.link('eu'), sphere.link('us')]
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  const there = sphere.at('us', alice)

  await t.test('A push that breaks off repeatedly resumes at the bytes the grand already has', async (t) => {
    const bytes = randomBytes(12 * MIB)
    const sent = offsetsOf(t, 'PUT', bytes)
    eu.throttle('to-grand', 16 * MIB)
    await alice.put(bytes, { name: 'pushed.bin' })
    const partialPath = partialFile(sphere.grandDir, bytes)
    const breaks = await cutAtSizes({ link: eu, direction: 'to-grand', partialPath, offsets: sent }, [
      3 * MIB,
      7 * MIB,
    ])
    const onGrand = blobFile(sphere.grandDir, sha256(bytes))
    await until('the grand has the blob', () => existsSync(onGrand))
    t.ok(resumes(sent, breaks), JSON.stringify({ offsets: sent, breaks }))
    await sphere.haveAllBlobs('us')
    t.ok(readFileSync(blobFile(sphere.regional('us').dataDir, sha256(bytes))).equals(bytes))
  })

  await t.test(
    'A pull that breaks off repeatedly resumes at the bytes the regional already has',
    async (t) => {
      const bytes = randomBytes(12 * MIB)
      const got = offsetsOf(t, 'GET', bytes)
      us.throttle('to-regional', 16 * MIB)
      await alice.put(bytes, { name: 'pulled.bin' })
      const partialPath = partialFile(sphere.regional('us').dataDir, bytes)
      const breaks = await cutAtSizes({ link: us, direction: 'to-regional', partialPath, offsets: got }, [
        3 * MIB,
        7 * MIB,
      ])
      await sphere.converged()
      await sphere.haveAllBlobs('us')
      t.ok(resumes(got, breaks), JSON.stringify({ offsets: got, breaks }))
      t.ok(readFileSync(blobFile(sphere.regional('us').dataDir, sha256(bytes))).equals(bytes))
    },
  )

  await t.test('A transfer with a byte altered in transit is rejected and repeated', async (t) => {
    const bytes = randomBytes(5 * MIB)
    eu.flipAfter('to-grand', MIB)
    us.flipAfter('to-regional', MIB)
    const { id } = await alice.put(bytes, { name: 'flipped.bin' })
    t.strictSame(await waitStoredOn(alice, id, 3), ['eu', 'grand', 'us'])
    t.ok(readFileSync(blobFile(sphere.regional('us').dataDir, sha256(bytes))).equals(bytes))
  })

  await t.test(
    "A blob that a regional's disk corrupted is detected and fetched from another server",
    async (t) => {
      const bytes = randomBytes(200_000)
      const { id } = await alice.put(bytes, { name: 'corrupt.bin' })
      await waitStoredOn(there, id, 3)
      const path = blobFile(sphere.regional('us').dataDir, sha256(bytes))
      await corrupt(path)
      await until('the blob on disk is intact', () => isIntact(path, bytes))
      await waitStoredOn(there, id, 3)
      t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
    },
  )

  await t.test('A blob that was corrupted before it was pushed is not replicated', async (t) => {
    const bytes = randomBytes(200_000)
    await sphere.partition('us')
    const here = await there.put(bytes, { name: 'the same.bin' })
    eu.cut()
    const elsewhere = await alice.put(bytes, { name: 'the same.bin' })
    await corrupt(blobFile(sphere.regional('us').dataDir, sha256(bytes)))
    us.restore()
    await sphere.connected('us')
    await until('us detects the corruption', () => isMissing(sphere, 'us', bytes))
    await sphere.heal()
    for (const { id } of [here, elsewhere]) {
      await waitStoredOn(there, id, 3)
      t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
    }
  })

  await t.test(
    'A download of a blob that is gone from disk is served from the grand and restores the blob',
    async (t) => {
      const bytes = randomBytes(200_000)
      const { id } = await alice.put(bytes, { name: 'lost.bin' })
      await waitStoredOn(there, id, 3)
      const path = blobFile(sphere.regional('us').dataDir, sha256(bytes))
      await rm(path)
      t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
      await until('the blob is on disk again', () => isIntact(path, bytes))
    },
  )

  await t.test('A download starts while the blob is still in transit to the grand', async (t) => {
    const bytes = randomBytes(6 * MIB)
    eu.throttle('to-grand', 4 * MIB)
    const { id } = await alice.put(bytes, { name: 'on its way.bin' })
    await until('us reports the file as available', async () => (await fileOf(there, id)).available)
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
    t.ok(early > MIB, `${early} bytes were served before the grand had the whole blob`)
    const part = await there.get(`/download/${id}`, { range: 'bytes=1000000-1999999' })
    t.equal(part.status, 206)
    t.ok(part.bytes.equals(bytes.subarray(1_000_000, 2_000_000)))
    eu.restore()
    t.strictSame(await waitStoredOn(there, id, 3), ['eu', 'grand', 'us'])
  })

  await t.test('A download of a blob that no reachable server has returns 503 content-pending', async (t) => {
    const bytes = randomBytes(4 * MIB)
    eu.throttle('to-grand', MIB)
    const { id } = await alice.put(bytes, { name: 'pending.bin' })
    await until('us has applied the file', async () => (await there.get(`/files/${id}`)).status === 200)
    await sphere.partition('eu')
    await until('us reports the file as unavailable', async () => !(await fileOf(there, id)).available)
    const pending = await there.get(`/download/${id}`)
    t.equal(pending.outcome, '503 content-pending')
    t.ok(Number(pending.headers['retry-after']) > 0)
    t.equal(
      (await fileOf(alice, id)).available,
      true,
      'the server that stores the blob reports it as available',
    )
    await sphere.partition('us')
    t.equal((await there.get(`/download/${id}`)).outcome, '503 content-pending')
    await sphere.heal()
    await waitStoredOn(there, id, 3)
    t.equal((await fileOf(there, id)).available, true)
    t.ok((await there.get(`/download/${id}`)).bytes.equals(bytes))
  })

  await t.test('A file deleted before its blob arrives does not hold back the watermark', async (t) => {
    eu.throttle('to-grand', MIB)
    const large = await alice.put(randomBytes(4 * MIB), { name: 'never comes.bin' })
    const { id } = await alice.put(randomBytes(1000), { name: 'behind it.bin' })
    await until('us has applied the file', async () => (await there.get(`/files/${id}`)).status === 200)
    t.notOk((await fileOf(there, id)).stored_on.includes('grand'))
    t.equal((await there.delete(`/files/${large.id}`)).status, 204)
    t.strictSame(await waitStoredOn(alice, id, 3), ['eu', 'grand', 'us'])
    t.strictSame(await waitStoredOn(there, id, 3), ['eu', 'grand', 'us'])
    eu.restore()
  })

  await t.test('A small blob arrives together with the change that references it', async (t) => {
    const { id } = await alice.put('a few bytes', { name: 'small.txt' })
    await until('us has applied the file', async () => (await there.get(`/files/${id}`)).status === 200)
    us.cut()
    t.equal((await there.get(`/download/${id}`)).bytes.toString(), 'a few bytes')
    await sphere.heal()
  })

  await t.test(
    'An upload with min_copies waits for the replicas and returns 202 after a timeout',
    async (t) => {
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
        t.strictSame(await waitStoredOn(alice, id, 3), ['eu', 'grand', 'us'])
        t.strictSame(await waitStoredOn(there, id, 3), ['eu', 'grand', 'us'])
      }
    },
  )

  t.strictSame(await sphere.faults(), [])
})

t.test("A blob that the grand's disk corrupted is detected and pushed again by a regional", async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const alice = await sphere.regional('eu').person('alice')
  const bytes = randomBytes(200_000)
  const { id } = await alice.put(bytes)
  await waitStoredOn(alice, id, 2)
  const path = blobFile(sphere.grandDir, sha256(bytes))
  await corrupt(path)
  await sphere.add('us')
  await until(
    'us has applied the file',
    async () => (await sphere.at('us', alice).get(`/files/${id}`)).status === 200,
  )
  t.ok(isMissing(sphere, 'us', bytes), 'us rejects the corrupt blob')
  await sphere.stopGrand()
  await sphere.startGrand({ scrubMs: 300 })
  await until('the blob on disk is intact', () => isIntact(path, bytes))
  await sphere.haveAllBlobs('us')
  t.ok((await sphere.at('us', alice).get(`/download/${id}`)).bytes.equals(bytes))
  t.strictSame(await sphere.faults(), [])
})

t.test(
  'Garbage collection removes unreferenced blobs on every server and keeps referenced ones',
  async (t) => {
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
    await until('the grand has the blob', () => existsSync(ownFile))
    for (const name of sphere.names) sphere.regional(name).pass(25 * 3600 * 1000)
    for (const name of sphere.names) {
      await until(
        `${name} has collected its garbage`,
        () => sphere.regional(name).rows('select 1 from blobs').length === 1,
      )
      t.ok(isIntact(blobFile(sphere.regional(name).dataDir, sha256(shared)), shared))
    }
    t.equal((await sphere.collectGrandGarbage(Date.now() + DAY_MS + 3600_000)).blobs, 1)
    t.ok(existsSync(sharedFile))
    t.notOk(existsSync(ownFile))
    for (const name of sphere.names)
      t.ok((await sphere.regional(name).nobody().get(`/download/${his.id}`)).bytes.equals(shared))
    await sphere.converged()
    t.strictSame(await sphere.faults(), [])
  },
)

function isIntact(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes)
  } catch {
    return false
  }
}
