import { randomBytes } from 'node:crypto'

import t, { type Test } from 'tap'
import { IncomingBlobs } from '../../../src/blobs/incoming-blobs.js'
import { addMissing } from '../../../src/blobs/missing-blobs.js'
import type { Tx } from '../../../src/db/engine/database.js'
import { systemRandom } from '../../../src/lib/random.js'
import { systemTimers } from '../../../src/lib/timers.js'
import { tick, ZERO_STAMP } from '../../../src/model/clock.js'
import { BlobPuller } from '../../../src/sync/regional/blob-puller.js'
import type { RemoteBlobs } from '../../../src/sync/regional/remote-blobs.js'
import { AT, bareRegional, registration } from '../../support/bare-regional.js'
import { sourceOf } from '../../support/byte-sources.js'
import { sha256 } from '../../support/person.js'
import { until } from '../../support/until.js'

interface FileToFetch {
  bytes: Buffer
  /** The entry that names them. */
  gseq: number
  /** Whether the file is applied only when the puller has begun. */
}

/** A puller whose grand is `get`, on a regional that lacks the bytes of these files. */
async function pullerThatLacks(t: Test, files: FileToFetch[], get: RemoteBlobs['get']) {
  const { db, dataDir, blobs, journal, logger, now } = await bareRegional(t)
  const owner = systemRandom.id()
  const stamp = tick(ZERO_STAMP, now(), 'us')
  const common = { owner_id: owner, media_type: 'text/plain', folder: '/', visibility: 'private' } as const
  const name = (tx: Tx, { bytes }: FileToFetch) => {
    const [hash, size] = [sha256(bytes), bytes.length]
    const fields = { ...common, size, sha256: hash, created_at: AT, name: hash, modified_at: AT }
    journal.apply(tx, { type: 'file.uploaded', key: systemRandom.id(), fields, stamp })
  }
  await db.write((tx) => {
    journal.apply(tx, { type: 'user.registered', key: owner, fields: registration('alice'), stamp })
    for (const file of files) {
      name(tx, file)
      addMissing(tx, { sha256: sha256(file.bytes), size: file.bytes.length }, file.gseq)
    }
  })
  const grand: RemoteBlobs = {
    get,
    offset: async () => 0,
    put: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
  const incoming = IncomingBlobs.open(db, blobs, dataDir)
  const puller = new BlobPuller({ db, incoming, grand, timers: systemTimers, logger, onProgress() {} })
  const link = new AbortController()
  t.teardown(() => link.abort())
  puller.begin(link.signal)
  return { puller, db, blobs }
}

t.test('the watermark passes an entry only once its blob is stored', async (t) => {
  const bytes = randomBytes(100_000)
  let isThere = false
  let asked = 0
  const { puller, db, blobs } = await pullerThatLacks(t, [{ bytes, gseq: 2 }], async () => {
    asked += 1
    return isThere ? sourceOf(bytes) : undefined
  })
  await until('the puller has requested the blob in vain', () => asked === 1)
  t.equal(puller.watermark(9), 1, 'every blob before it is stored')
  isThere = true
  puller.offered([sha256(bytes)])
  await until('the watermark has risen', () => puller.watermark(9) === 9)
  t.ok(blobs.has(db, sha256(bytes)))
})

t.test('the oldest missing blob is fetched however many smaller ones are missing', async (t) => {
  const large = randomBytes(100_000)
  const small = Array.from({ length: 20 }, () => randomBytes(1000))
  const files = [large, ...small].map((bytes, index) => ({ bytes, gseq: index + 1 }))
  const asked: string[] = []
  const { puller } = await pullerThatLacks(t, files, async (hash) => {
    asked.push(hash)
    const found = files.find(({ bytes }) => sha256(bytes) === hash)
    return sourceOf(found?.bytes ?? Buffer.alloc(0))
  })
  await until('every blob is stored', () => puller.watermark(99) === 99)
  t.ok(asked.slice(0, 4).includes(sha256(large)), 'among the first four, which are fetched at once')
  t.strictSame(asked.toSorted(), [large, ...small].map(sha256).toSorted(), 'and each once')
})
