import t from 'tap'
import { readMeta } from '../../../src/db/meta.js'
import { listEventsAfter } from '../../../src/db/regional/events.js'
import { upsertSubscriber } from '../../../src/db/regional/subscribers.js'
import { findUserById, findUserByUsername } from '../../../src/db/regional/users.js'
import { NO_HASH } from '../../../src/log/change-log.js'
import type { Change } from '../../../src/model/change.js'
import { tick, ZERO_STAMP } from '../../../src/model/clock.js'
import { AT, bareRegional, entriesOf, positionOf, registered } from '../../support/bare-regional.js'
import { sha256 } from '../../support/person.js'

const US = 'b'.repeat(32)
const START = { log_id: 'a'.repeat(32), gseq: 0, ghash: NO_HASH }

t.test('the cursor and the effects of the entries before it are committed together', async (t) => {
  const { connection, db, applier } = await bareRegional(t)
  const changes = Array.from({ length: 100 }, (_, index) => registered(`user${index}`, 'us', US, index + 1))
  const entries = entriesOf(changes)
  connection.pragma(`max_page_count = ${connection.pragma('page_count', { simple: true })}`)
  await t.rejects(applier.apply(entries, [], START), { code: 'SQLITE_FULL' })
  t.equal(positionOf(db), 0)
  t.equal(findUserByUsername(db, 'user0'), undefined)
  connection.pragma('max_page_count = 1000000')
  t.match(await applier.apply(entries, [], START), { gseq: 100 })
  t.equal(positionOf(db), 100)
  t.ok(findUserByUsername(db, 'user99'))
})

t.test(
  'changes of the present epoch of this server are skipped, those of an earlier epoch are applied',
  async (t) => {
    const { db, applier } = await bareRegional(t)
    const epoch = readMeta(db, 'epoch') as string
    const [made, lost] = [registered('alice', 'eu', epoch, 1), registered('bob', 'eu', 'c'.repeat(32), 1)]
    await applier.apply(entriesOf([made, lost]), [], START)
    t.equal(findUserById(db, made.key), undefined, 'it is not applied again, even if its row is gone')
    t.match(findUserById(db, lost.key), { username: 'bob' })
    t.equal(positionOf(db), 2)
  },
)

t.test('an altered log entry and a blob with a hash mismatch are refused', async (t) => {
  const { db, applier, deadLetters } = await bareRegional(t)
  const changes = ['alice', 'bob', 'carol'].map((name, index) => registered(name, 'us', US, index + 1))
  const [first, second, third] = entriesOf(changes) as [Entry, Entry, Entry]
  const altered = { ...second, change: second.change.replace('bob', 'eve') }
  for (const entries of [[first, third], [second], [first, altered, third]])
    await t.rejects(applier.apply(entries, [], START), { message: /breaks the chain/ })
  const others = [{ sha256: sha256('some bytes'), bytes: Buffer.from('other bytes') }]
  await t.rejects(applier.apply([first], others, START), { message: /does not match its hash/ })
  t.equal(positionOf(db), 0)
  t.match(await applier.apply([first, second, third], [], START), { gseq: 3 })
  t.same(deadLetters, [])
})

t.test('after a failed entry, units that are already durable are not applied again', async (t) => {
  const { connection, db, applier, deadLetters } = await bareRegional(t)
  const changes = Array.from({ length: 300 }, (_, index) => registered(`user${index}`, 'us', US, index + 1))
  connection.exec(`create trigger refused before insert on users when new.username = 'user200'
    begin select raise(abort, 'not this one'); end`)
  const applied = applier.apply(
    entriesOf(changes.with(5, { ...changes[5], fields: {} } as Change)),
    [],
    START,
  )
  const places: number[] = []
  setImmediate(() => places.push(positionOf(db)))
  await applied
  t.ok((places[0] ?? 0) >= 5, 'a reader came between, and made the first of them durable')
  t.equal(positionOf(db), 300)
  t.equal(deadLetters.length, 2, 'each is put aside once')
  t.strictSame(
    ['user4', 'user5', 'user6', 'user199', 'user200', 'user201', 'user299'].filter((name) =>
      findUserByUsername(db, name),
    ),
    ['user4', 'user6', 'user199', 'user201', 'user299'],
  )
})

t.test(
  'a local change after a remote one gets a higher stamp, even if the local clock is behind',
  async (t) => {
    const { db, journal, applier, now } = await bareRegional(t)
    const ahead = tick(ZERO_STAMP, now() + 30_000, 'us')
    const snapshot = { ...registered('alice', 'us', US, 1), stamp: ahead }
    await applier.apply(entriesOf([snapshot]), [], START)
    const draft = { type: 'user.updated', key: snapshot.key, fields: { storage_quota: 7 } } as const
    await db.write((tx) => journal.record(tx, [draft]))
    t.match(findUserById(db, snapshot.key), { storage_quota: 7 })
    t.ok((await db.write((tx) => journal.tick(tx))) > ahead)
  },
)

t.test('a local change after a snapshot change gets a higher stamp than each of its stamps', async (t) => {
  const { db, journal, applier, now } = await bareRegional(t)
  const [stamp, ahead] = [tick(ZERO_STAMP, now() - 60_000, 'us'), tick(ZERO_STAMP, now() + 30_000, 'us')]
  const stamps = { storage_quota: ahead, disabled: stamp }
  const snapshot = { ...registered('alice', 'us', US, 1), type: 'user.snapshot', stamp, stamps } as const
  await applier.apply(entriesOf([snapshot]), [], START)
  const draft = { type: 'user.updated', key: snapshot.key, fields: { storage_quota: 7 } } as const
  await db.write((tx) => journal.record(tx, [draft]))
  t.match(findUserById(db, snapshot.key), { storage_quota: 7 })
})

t.test('entries that cannot be applied become dead letters, and those around them are applied', async (t) => {
  const { connection, db, applier, deadLetters } = await bareRegional(t)
  const names = ['alice', 'bob', 'carol', 'dave']
  const changes = names.map((name, index) => registered(name, 'us', US, index + 1))
  const unlawful = { ...changes[2], fields: {} } as Change
  connection.exec(`create trigger refused before insert on users when new.username = 'bob'
    begin select raise(abort, 'no bob here'); end`)
  await applier.apply(entriesOf(changes.with(2, unlawful)), [], START)
  t.equal(deadLetters.length, 2)
  t.ok(deadLetters.includes('no bob here'))
  t.strictSame(
    names.filter((name) => findUserByUsername(db, name) !== undefined),
    ['alice', 'dave'],
  )
  t.equal(positionOf(db), 4)
})

t.test('files applied in one unit cause one storage event', async (t) => {
  const { db, applier } = await bareRegional(t)
  const owner = registered('alice', 'us', US, 1)
  const uploads = [2, 3, 4].map((oseq) => {
    const { id, key, stamp } = registered('nobody', 'us', US, oseq)
    const common = {
      owner_id: owner.key,
      media_type: 'text/plain',
      folder: '/',
      visibility: 'private',
    } as const
    const blob = { sha256: 'sha256', size: 'size' }
    const fields = { ...common, size: 10, sha256: sha256(key), created_at: AT, name: key, modified_at: AT }
    return {
      v: 1,
      id,
      origin: 'us',
      epoch: US,
      oseq,
      stamp,
      type: 'file.uploaded',
      key,
      fields,
      blob,
    } as const
  })
  await db.write((tx) => upsertSubscriber(tx, { user_id: owner.key, since: 0, seen_at: '' }))
  await applier.apply(entriesOf([owner, ...uploads]), [], START)
  const sent = listEventsAfter(db, owner.key, 0, 10)
  t.strictSame(
    sent.map(({ type }) => type),
    ['file.created', 'file.created', 'file.created', 'storage.changed'],
  )
  t.match(JSON.parse(sent.at(-1)?.data ?? ''), { used_storage: 30 })
})

type Entry = ReturnType<typeof entriesOf>[number]
