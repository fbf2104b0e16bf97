import t from 'tap'
import { systemChance } from '../../src/chance.js'
import { tick, ZERO_STAMP } from '../../src/clock.js'
import { userById } from '../../src/storage/users.js'
import { bareRegional, registration } from '../support/bare-regional.js'

t.test('what is done after hearing of another change goes before it, whatever the clocks say', async (t) => {
  const { db, journal, now } = await bareRegional(t)
  const key = systemChance.id()
  const ahead = tick(ZERO_STAMP, now() + 30_000, 'us')
  const told = { type: 'user.registered', key, fields: registration('alice'), stamp: ahead } as const
  await db.write((tx) => journal.absorb(tx, told))
  const draft = { type: 'user.updated', key, fields: { email: 'new@example.com' } } as const
  await db.write((tx) => journal.record(tx, [draft]))
  t.match(userById(db, key), { email: 'new@example.com' })
  t.ok((await db.write((tx) => journal.tick(tx))) > ahead)
})

t.test('what is done after hearing of a row that is told again goes before each of its stamps', async (t) => {
  const { db, journal, now } = await bareRegional(t)
  const key = systemChance.id()
  const [created, ahead] = [tick(ZERO_STAMP, now() - 60_000, 'us'), tick(ZERO_STAMP, now() + 30_000, 'us')]
  const stamps = { email: ahead, password_hash: created, storage_quota: created }
  const told = { type: 'user.retold', key, fields: registration('alice'), stamp: created, stamps } as const
  await db.write((tx) => journal.absorb(tx, told))
  const draft = { type: 'user.updated', key, fields: { email: 'new@example.com' } } as const
  await db.write((tx) => journal.record(tx, [draft]))
  t.match(userById(db, key), { email: 'new@example.com' })
})
