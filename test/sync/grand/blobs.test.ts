import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { test } from 'tap'
import { blobPath, UPLOAD_LENGTH, UPLOAD_OFFSET } from '../../../src/sync/protocol.js'
import { until } from '../../support/until.js'
import { OWNER, sha256, TestGrand } from './test-grand.js'

const MIB = 1024 * 1024

/** A PUT whose body a test hands over piece by piece. */
function openPut(grand: TestGrand, name: string, hash: string, size: number, offset = 0) {
  const put = httpsRequest(grand.url + blobPath(hash), {
    ...grand.tls(name),
    method: 'PUT',
    headers: { 'content-length': size - offset, [UPLOAD_OFFSET]: offset, [UPLOAD_LENGTH]: size },
  })
  put.on('error', () => undefined)
  const status = once(put, 'response').then(([response]) => {
    response.resume()
    return response.statusCode as number
  })
  status.catch(() => undefined)
  return {
    write: (bytes: Buffer) => void put.write(bytes),
    end: () => void put.end(),
    cut: () => put.destroy(),
    status,
  }
}

test('a large blob is requested after its change, offered once it is stored, and served', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const bytes = randomBytes(2 * MIB + 17)
  const hash = sha256(bytes)
  const [fromEu, fromUs] = [grand.blobs('eu'), grand.blobs('us')]
  t.equal((await fromEu.put(hash, bytes.length, 0, bytes)).status, 404, 'nobody named them yet')
  await eu.put([eu.upload(bytes)])
  t.same((await eu.receive('want')).blobs, [hash])
  t.same(await fromEu.head(hash), { status: 200, offset: 0, length: bytes.length })
  t.equal((await fromUs.get(hash)).status, 404)
  const before = (await grand.status()).watermarks as Record<string, number>
  t.equal(before.grand, 0, 'the grand does not claim to have them')
  t.equal((await fromEu.put(hash, bytes.length, 0, bytes)).status, 201)
  t.same((await us.receive('offer')).blobs, [hash])
  await us.receive('watermark', ({ server, gseq }) => server === 'grand' && gseq === 1)
  t.same(await fromUs.head(hash), { status: 200, offset: bytes.length, length: bytes.length })
  const whole = await fromUs.bytes(hash)
  t.equal(whole.status, 200)
  t.ok(whole.bytes.equals(bytes))
  const part = await fromUs.bytes(hash, `bytes=${MIB}-`)
  t.equal(part.status, 206)
  t.equal(part.headers['content-range'], `bytes ${MIB}-${bytes.length - 1}/${bytes.length}`)
  t.ok(part.bytes.equals(bytes.subarray(MIB)))
  t.equal((await fromUs.bytes(hash, `bytes=${bytes.length}-`)).status, 416)
  t.equal((await fromEu.put(hash, bytes.length, 0, bytes)).status, 200, 'sending them again is harmless')
})

test('a new session is asked for every missing blob, but not for blobs of deleted rows', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const files = Array.from({ length: 3 }, () => randomBytes(70_000))
  const [kept, deleted, orphaned] = files.map((bytes) => eu.upload(bytes))
  await eu.put([
    { ...orphaned!, oseq: 1, fields: { ...orphaned!.fields, owner_id: deleted!.id } },
    { ...kept!, oseq: 2 },
    eu.make('file.deleted', { deleted: true }, { key: deleted!.key, oseq: 3 }),
    { ...deleted!, oseq: 4 },
    eu.make('user.deleted', { deleted: true }, { key: deleted!.id, oseq: 5 }),
  ])
  const us = await grand.link('us')
  t.same((await us.receive('want')).blobs, [sha256(files[0]!)])
  t.same((await grand.status()).missing, { blobs: 1, bytes: 70_000 })
  t.ok(OWNER)
})

test('a small blob that another regional sends later is stored and offered', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const bytes = randomBytes(500)
  await eu.put([eu.upload(bytes)])
  await eu.receive('want')
  const ap = await grand.link('ap')
  await ap.put([ap.upload(bytes)], [bytes])
  await us.receive('offer', ({ blobs }) => blobs[0] === sha256(bytes))
  t.ok((await grand.blobs('us').bytes(sha256(bytes))).bytes.equals(bytes))
  t.same((await grand.status()).missing, { blobs: 0, bytes: 0 })
})

test('an interrupted PUT resumes at the next byte, also after a restart of the grand', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const bytes = randomBytes(5 * MIB + 3)
  const hash = sha256(bytes)
  await eu.put([eu.upload(bytes)])
  const put = openPut(grand, 'eu', hash, bytes.length)
  put.write(bytes.subarray(0, 1_500_001))
  await until(
    'the grand has received the bytes',
    async () => (await grand.blobs('eu').head(hash)).offset === 1_500_001,
  )
  put.cut()
  await eu.receive('want', ({ blobs }) => blobs[0] === hash && eu.all('want').length > 1)
  await until(
    'the upload has ended',
    async () => ((await grand.status()).transfers as { incoming: number }).incoming === 0,
  )
  t.equal((await grand.blobs('eu').head(hash)).offset, 1_500_001)
  t.equal((await grand.blobs('us').get(hash)).status, 404, 'half a blob is none')
  const wrong = await grand.blobs('eu').put(hash, bytes.length, 99, bytes.subarray(99))
  t.equal(wrong.status, 409)
  t.equal(wrong.headers[UPLOAD_OFFSET], '1500001')
  await grand.stop()
  await grand.start()
  const blobs = grand.blobs('us')
  t.equal((await blobs.head(hash)).offset, 1_500_001)
  t.equal((await blobs.put(hash, bytes.length, 1_500_001, bytes.subarray(1_500_001))).status, 201)
  t.ok((await blobs.bytes(hash)).bytes.equals(bytes))
  t.same(readdirSync(join(grand.dataDir, 'incoming')), [])
  t.same(readdirSync(join(grand.dataDir, 'tmp')), [])
})

test('an upload with a flipped byte is refused, and the correct blob is accepted afterwards', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const bytes = randomBytes(3 * MIB)
  const hash = sha256(bytes)
  await eu.put([eu.upload(bytes)])
  const flipped = Buffer.from(bytes)
  flipped[1_000_000]! ^= 1
  const put = openPut(grand, 'eu', hash, bytes.length)
  put.write(flipped.subarray(0, 2 * MIB))
  await us.receive('offer')
  const following = await grand.blobs('us').get(hash)
  t.equal(following.status, 200)
  put.write(flipped.subarray(2 * MIB))
  put.end()
  t.equal(await put.status, 422)
  await t.rejects(following.body.arrayBuffer(), 'who read along is cut off')
  t.notOk(existsSync(join(grand.dataDir, 'incoming', hash)))
  t.equal((await grand.blobs('us').head(hash)).offset, 0)
  t.equal((await grand.blobs('eu').put(hash, bytes.length, 0, bytes)).status, 201)
  t.ok((await grand.blobs('us').bytes(hash)).bytes.equals(bytes))
  t.ok(grand.logged.some(({ msg, sha256: named }) => msg === 'a transfer failed' && named === hash))
})

test('a blob is served while it is still arriving', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const bytes = randomBytes(8 * MIB)
  const hash = sha256(bytes)
  await eu.put([eu.upload(bytes)])
  const put = openPut(grand, 'eu', hash, bytes.length)
  put.write(bytes.subarray(0, 3 * MIB))
  await us.receive('offer')
  const { status, body } = await grand.blobs('us').get(hash, `bytes=10-${bytes.length - 1}`)
  t.equal(status, 206)
  const chunks: Buffer[] = []
  body.on('data', (chunk) => chunks.push(chunk))
  const received = () => chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  await until('2 MiB are there', async () => received() >= 2 * MIB)
  t.ok(received() < 3 * MIB + 1)
  const rest = bytes.subarray(3 * MIB)
  put.write(rest.subarray(0, rest.length - 1))
  await until('all but what has to be verified', async () => received() > 6 * MIB)
  put.write(rest.subarray(rest.length - 1))
  put.end()
  await once(body, 'end')
  t.ok(Buffer.concat(chunks).equals(bytes.subarray(10)))
  t.equal(await put.status, 201)
})

test('a download of an arriving blob is aborted when the upload breaks off', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const bytes = randomBytes(4 * MIB)
  const hash = sha256(bytes)
  await eu.put([eu.upload(bytes)])
  const put = openPut(grand, 'eu', hash, bytes.length)
  put.write(bytes.subarray(0, 2 * MIB))
  await us.receive('offer')
  const { body } = await grand.blobs('us').get(hash)
  put.cut()
  await t.rejects(body.arrayBuffer())
})

test('a second upload of one blob is refused, unless it comes from the same server', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const bytes = randomBytes(2 * MIB)
  const hash = sha256(bytes)
  await eu.put([eu.upload(bytes)])
  const put = openPut(grand, 'eu', hash, bytes.length)
  put.write(bytes.subarray(0, 100_000))
  await until(
    'the grand has received the bytes',
    async () => (await grand.blobs('eu').head(hash)).offset === 100_000,
  )
  t.same((await grand.blobs('us').put(hash, bytes.length, 0, bytes)).json.code, 'busy')
  const again = await grand.blobs('eu').put(hash, bytes.length, 100_000, bytes.subarray(100_000))
  t.equal(again.status, 201)
  put.cut()
  t.ok((await grand.blobs('us').bytes(hash)).bytes.equals(bytes))
})

test('a PUT of an unreferenced blob, a wrong size or too many bytes is refused', async (t) => {
  const grand = await TestGrand.open(t, { maxFileSizeBytes: 1_000_000 })
  const eu = await grand.link('eu')
  const [bytes, large] = [randomBytes(100_000), randomBytes(1_000_001)]
  await eu.put([eu.upload(bytes), eu.upload(large)])
  const blobs = grand.blobs('eu')
  t.equal((await blobs.put(sha256(bytes), 99_999, 0, bytes.subarray(1))).status, 422)
  t.equal((await blobs.put(sha256(large), large.length, 0, large)).status, 413)
  await grand.stop()
  await grand.start({ minFreeDiskBytes: Number.MAX_SAFE_INTEGER })
  const full = await grand.blobs('eu').put(sha256(bytes), bytes.length, 0, bytes)
  t.equal(full.status, 507)
  t.type(full.headers['retry-after'], 'string')
})

test('a blob that the disk has lost is requested again', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const bytes = randomBytes(100_000)
  const hash = sha256(bytes)
  await eu.put([eu.upload(bytes)])
  await grand.blobs('eu').put(hash, bytes.length, 0, bytes)
  rmSync(join(grand.dataDir, 'blobs', hash.slice(0, 2), hash.slice(2, 4), hash))
  eu.received.length = 0
  t.equal((await grand.blobs('us').get(hash)).status, 404)
  t.same((await eu.receive('want')).blobs, [hash])
  t.equal((await grand.blobs('eu').put(hash, bytes.length, 0, bytes)).status, 201)
  t.ok((await grand.blobs('us').bytes(hash)).bytes.equals(bytes))
})
