import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { findUserById } from '../../src/db/regional/users.js'
import { Quota } from '../../src/domain/quota.js'
import type { ChunkSink } from '../../src/lib/byte-source.js'
import { systemRandom } from '../../src/lib/random.js'
import { AT, bareRegional, registration } from '../support/bare-regional.js'
import { sha256 } from '../support/person.js'

const REFUSED = { code: 'quota-exceeded' }

/** A regional with an account whose quota is 1000 bytes. */
async function withOwner(t: Test) {
  const regional = await bareRegional(t)
  const { db, journal } = regional
  const owner = systemRandom.id()
  const draft = { type: 'user.registered', key: owner, fields: registration('alice') } as const
  await db.write((tx) => journal.record(tx, [draft]))
  return { ...regional, owner }
}

t.test('An upload cannot reserve quota that another upload has reserved', async (t) => {
  const { db, owner } = await withOwner(t)
  const quota = new Quota(db)
  using one = quota.reservation(owner)
  one.reserve(600)
  quota.assertRoom(owner, 400)
  t.throws(() => quota.assertRoom(owner, 401), REFUSED)
  {
    using other = quota.reservation(owner)
    other.reserve(400)
    t.throws(() => one.reserve(601), REFUSED)
  }
  one.reserve(1000)
  t.throws(() => quota.assertRoom(owner, 1), REFUSED)
})

t.test(
  'A file from another server that arrives during an upload counts towards the quota of that upload',
  async (t) => {
    const { db, journal, uploads, owner } = await withOwner(t)
    const elsewhere = {
      owner_id: owner,
      size: 600,
      media_type: 'text/plain',
      sha256: sha256('elsewhere'),
      created_at: AT,
      name: 'elsewhere.txt',
      folder: '/',
      visibility: 'private',
      modified_at: AT,
    }
    const receive = async (take: ChunkSink) => {
      await take(randomBytes(500))
      const fact = { type: 'file.uploaded', key: systemRandom.id(), fields: elsewhere } as const
      await db.write((tx) => journal.apply(tx, { ...fact, stamp: journal.tick(tx) }))
      return {}
    }
    const file = { name: 'here.txt', media_type: 'text/plain', declaredBytes: 0 }
    await t.rejects(uploads.store(owner, file, receive), REFUSED)
    t.equal(findUserById(db, owner)?.used_storage, 600, 'the rejected upload uses no storage')
  },
)
