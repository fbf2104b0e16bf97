import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { IncomingBlobs } from '../../src/blobs/incoming-blobs.js'
import { Database } from '../../src/db/engine/database.js'
import { MemoryFiles } from '../simulation/memory-files.js'
import { sha256 } from '../support/person.js'

const BYTES = randomBytes(300_000)
const NAME = sha256(BYTES)

function newStore(t: Test) {
  const db = Database.open(':memory:', 'regional')
  t.teardown(() => db[Symbol.asyncDispose]())
  const files = new MemoryFiles(Date.now)
  const store = BlobStore.open(db, '/data', { files })
  /** What the disk has of the blob if the power fails now. */
  const afterPowerCut = () => {
    const left = files.copy()
    left.losePower()
    return left.contentOf(store.pathOf(NAME))
  }
  return { db, files, store, afterPowerCut }
}

t.test('an uploaded blob is durable at its final path before its row is committed', async (t) => {
  const { db, store, afterPowerCut } = newStore(t)
  {
    await using writer = store.writer()
    for (let at = 0; at < BYTES.length; at += 70_000) await writer.write(BYTES.subarray(at, at + 70_000))
    t.equal(afterPowerCut(), undefined)
    const staged = await writer.finish()
    t.strictSame(afterPowerCut(), BYTES)
    await db.write((tx) => store.store(tx, staged, new Date()))
  }
  t.strictSame(afterPowerCut(), BYTES)
})

t.test('a blob from another server is durable at its final path before its row is committed', async (t) => {
  const { db, files, store, afterPowerCut } = newStore(t)
  const incoming = IncomingBlobs.open(db, store, '/data', { files })
  let left: Buffer | undefined
  const keep = store.store.bind(store)
  store.store = (...blob) => {
    left = afterPowerCut()
    keep(...blob)
  }
  {
    await using blob = await incoming.receive(NAME, BYTES.length)
    await blob.write(BYTES)
    await blob.finish()
  }
  t.strictSame(left, BYTES)
  t.strictSame(afterPowerCut(), BYTES)
})
