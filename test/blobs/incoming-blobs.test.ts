import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { BlobStore } from '../../src/blobs/blob-store.js'
import type { IncomingBlob } from '../../src/blobs/incoming-blob.js'
import { IncomingBlobs } from '../../src/blobs/incoming-blobs.js'
import { addMissing, isMissing } from '../../src/blobs/missing-blobs.js'
import { Database } from '../../src/db/engine/database.js'
import { collect } from '../support/collect.js'
import { until } from '../support/until.js'

const MIB = 1024 * 1024

function openStore(t: Test) {
  const dir = t.testdir()
  const db = Database.open(join(dir, 'grand.db'), 'grand')
  t.teardown(() => db[Symbol.asyncDispose]())
  const blobs = BlobStore.open(db, dir)
  return { dir, db, blobs, incoming: IncomingBlobs.open(db, blobs, dir) }
}

function bytesOf(size: number) {
  const bytes = randomBytes(size)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

async function follow(blob: IncomingBlob, start: number, end: number) {
  const all: Buffer[] = []
  await blob.follow(start, end, async (chunk) => void all.push(Buffer.from(chunk)))
  return Buffer.concat(all)
}

for (const size of [0, 1, 64 * 1024, 64 * 1024 + 1, 3 * MIB + 7]) {
  test(`a blob of ${size} bytes arrives, is verified and stored, and is not missing any more`, async (t) => {
    const { dir, db, blobs, incoming } = openStore(t)
    const { bytes, sha256 } = bytesOf(size)
    await db.write((tx) => addMissing(tx, { sha256, size }, 1))
    {
      await using blob = await incoming.receive(sha256, size)
      for (let at = 0; at < size; at += 100_000) await blob.write(bytes.subarray(at, at + 100_000))
      t.notOk(blobs.has(db, sha256))
      await blob.finish()
    }
    t.notOk(isMissing(db, sha256))
    t.equal(blobs.sizeOf(db, sha256), size)
    t.ok((await collect(await blobs.slice(sha256, 0, size - 1, 'disk'))).equals(bytes))
    t.equal(incoming.arriving(sha256), undefined)
    t.same([...readdirSync(join(dir, 'incoming')), ...readdirSync(join(dir, 'tmp'))], [])
  })
}

test('an interrupted transfer resumes where it was, also in another process', async (t) => {
  const { dir, db, blobs, incoming } = openStore(t)
  const { bytes, sha256 } = bytesOf(3 * MIB)
  await db.write((tx) => addMissing(tx, { sha256, size: bytes.length }, 1))
  {
    await using blob = await incoming.receive(sha256, bytes.length)
    await blob.write(bytes.subarray(0, 1_234_567))
  }
  t.equal(await incoming.offsetOf(sha256), 1_234_567)
  const later = IncomingBlobs.open(db, blobs, dir)
  await using blob = await later.receive(sha256, bytes.length)
  t.equal(blob.offset, 1_234_567)
  await blob.write(bytes.subarray(1_234_567))
  await blob.finish()
  t.ok(blobs.has(db, sha256))
})

test('a transfer with wrong, too many or too few bytes stores nothing and leaves no file', async (t) => {
  const { dir, db, blobs, incoming } = openStore(t)
  const { bytes, sha256 } = bytesOf(200_000)
  const flipped = Buffer.from(bytes)
  flipped[7]! ^= 1
  {
    await using blob = await incoming.receive(sha256, bytes.length)
    await blob.write(flipped)
    await t.rejects(blob.finish(), /hash mismatch/)
  }
  t.notOk(existsSync(join(dir, 'incoming', sha256)))
  {
    await using blob = await incoming.receive(sha256, bytes.length)
    await t.rejects(async () => blob.write(Buffer.concat([bytes, bytes])), /more bytes/)
  }
  {
    await using blob = await incoming.receive(sha256, bytes.length)
    await blob.write(bytes.subarray(1))
    await t.rejects(blob.finish(), /199999 of 200000/)
  }
  t.notOk(blobs.has(db, sha256))
})

test('a second transfer of an arriving blob is refused', async (t) => {
  const { incoming } = openStore(t)
  const { bytes, sha256 } = bytesOf(100)
  const first = await incoming.receive(sha256, bytes.length)
  await t.rejects(incoming.receive(sha256, bytes.length), /arriving already/)
  await first[Symbol.asyncDispose]()
  await using _second = await incoming.receive(sha256, bytes.length)
})

test('a follower gets every byte, however reading and writing interleave', async (t) => {
  const { incoming } = openStore(t)
  const { bytes, sha256 } = bytesOf(6 * MIB + 5)
  await using blob = await incoming.receive(sha256, bytes.length)
  const readers = [
    follow(blob, 0, bytes.length - 1),
    follow(blob, 1_000_000, 2_000_000),
    follow(blob, bytes.length - 1, bytes.length - 1),
  ]
  for (let at = 0; at < bytes.length; at += 70_001) await blob.write(bytes.subarray(at, at + 70_001))
  const late = follow(blob, 5 * MIB, bytes.length - 1)
  await blob.finish()
  const [whole, middle, last] = await Promise.all(readers)
  t.ok(whole!.equals(bytes))
  t.ok(middle!.equals(bytes.subarray(1_000_000, 2_000_001)))
  t.ok(last!.equals(bytes.subarray(-1)))
  t.ok((await late).equals(bytes.subarray(5 * MIB)))
})

test('a chunk that a follower still holds does not change while more bytes arrive', async (t) => {
  const { incoming } = openStore(t)
  const { bytes, sha256 } = bytesOf(6 * MIB)
  await using blob = await incoming.receive(sha256, bytes.length)
  const held: Buffer[] = []
  let letGo = () => {}
  const reader = blob.follow(0, bytes.length - 1, (chunk) => {
    held.push(chunk)
    return held.length > 1 ? undefined : new Promise((resolve) => (letGo = resolve))
  })
  const write = async (from: number, to: number) => blob.write(bytes.subarray(from, to))
  await write(0, MIB)
  await until('the follower holds the first bytes', () => held.length > 0)
  await write(MIB, 3 * MIB)
  await write(3 * MIB, 5 * MIB)
  t.ok(held[0]!.equals(bytes.subarray(0, held[0]!.length)))
  letGo()
  await write(5 * MIB, 6 * MIB)
  await blob.finish()
  await reader
})

test('a follower rejects when the transfer breaks off or the hash does not match', async (t) => {
  const { incoming } = openStore(t)
  const { bytes, sha256 } = bytesOf(2 * MIB)
  const broken = await incoming.receive(sha256, bytes.length)
  await broken.write(bytes.subarray(0, MIB))
  const reader = t.rejects(follow(broken, 0, bytes.length - 1), /broke off/)
  await broken[Symbol.asyncDispose]()
  await reader
  await using wrong = await incoming.receive(sha256, bytes.length)
  const second = t.rejects(follow(wrong, 0, bytes.length - 1), /broke off/)
  await wrong.write(Buffer.alloc(MIB))
  await t.rejects(wrong.finish(), /hash mismatch/)
  await second
})

test('incomplete blobs that are not missing are removed at the start and by garbage collection', async (t) => {
  const { dir, db, blobs, incoming } = openStore(t)
  const [wanted, ...unwanted] = [bytesOf(100), bytesOf(100), bytesOf(100)]
  await db.write((tx) => addMissing(tx, { sha256: wanted!.sha256, size: 100 }, 1))
  const begin = async ({ sha256, bytes }: ReturnType<typeof bytesOf>) => {
    await using blob = await incoming.receive(sha256, 100)
    await blob.write(bytes.subarray(0, 50))
  }
  await begin(wanted!)
  await begin(unwanted[0]!)
  t.equal(await incoming.removeAbandoned(0), 1)
  t.same(readdirSync(join(dir, 'incoming')), [wanted!.sha256])
  await begin(unwanted[1]!)
  writeFileSync(join(dir, 'incoming', `${wanted!.sha256}.placing`), 'left by a crash')
  IncomingBlobs.open(db, blobs, dir)
  t.same(readdirSync(join(dir, 'incoming')), [wanted!.sha256])
})

test('abandoned incomplete blobs are removed, and arriving ones are not', async (t) => {
  const { dir, db, incoming } = openStore(t)
  const [old, fresh, arriving] = [bytesOf(100), bytesOf(100), bytesOf(100)]
  for (const { sha256, bytes } of [old, fresh]) {
    await db.write((tx) => addMissing(tx, { sha256, size: 100 }, 1))
    await using blob = await incoming.receive(sha256, 100)
    await blob.write(bytes.subarray(0, 50))
  }
  await using _blob = await incoming.receive(arriving.sha256, 100)
  for (const { sha256 } of [old, arriving]) utimesSync(join(dir, 'incoming', sha256), 1000, 1000)
  t.equal(await incoming.removeAbandoned(Date.now() - 60_000), 1)
  t.same(readdirSync(join(dir, 'incoming')).sort(), [fresh.sha256, arriving.sha256].sort())
})
