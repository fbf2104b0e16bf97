import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import t from 'tap'
import { systemChance } from '../../../src/chance.js'
import { tick, ZERO_STAMP } from '../../../src/clock.js'
import { IncomingBlobs } from '../../../src/storage/incoming-blobs.js'
import { addMissing } from '../../../src/storage/missing.js'
import { Puller } from '../../../src/sync/regional/puller.js'
import { systemTimers } from '../../../src/timers.js'
import { AT, bareRegional, registration } from '../../support/bare-regional.js'
import { sha256 } from '../../support/person.js'
import { until } from '../../support/until.js'

t.test('a regional says that it holds the bytes of an entry only once they are here', async (t) => {
  const { db, dataDir, blobs, journal, logger, now } = await bareRegional(t)
  const bytes = randomBytes(100_000)
  const name = sha256(bytes)
  const owner = systemChance.id()
  const stamp = tick(ZERO_STAMP, now(), 'us')
  const file = {
    owner_id: owner,
    size: bytes.length,
    media_type: 'text/plain',
    sha256: name,
    created_at: AT,
    name: 'elsewhere.txt',
    folder: '/',
    visibility: 'private',
    modified_at: AT,
  }
  await db.write((tx) => {
    journal.absorb(tx, { type: 'user.registered', key: owner, fields: registration('alice'), stamp })
    journal.absorb(tx, { type: 'file.uploaded', key: systemChance.id(), fields: file, stamp })
    addMissing(tx, { sha256: name, size: bytes.length }, 2)
  })
  let isThere = false
  let asked = 0
  const grand = {
    async get() {
      asked += 1
      return isThere ? Readable.from([bytes]) : undefined
    },
    async offset() {
      return 0
    },
    async put() {},
    async [Symbol.asyncDispose]() {},
  }
  const incoming = new IncomingBlobs(db, blobs, dataDir)
  const puller = new Puller({ db, incoming, grand, timers: systemTimers, logger, onProgress() {} })
  const link = new AbortController()
  t.teardown(() => link.abort())
  puller.begin(link.signal)
  await until('it has asked in vain', () => asked === 1)
  t.equal(puller.watermark(9), 1, 'what comes before it is here')
  isThere = true
  puller.offered([name])
  await until('it has moved on', () => puller.watermark(9) === 9)
  t.ok(blobs.has(db, name))
})
