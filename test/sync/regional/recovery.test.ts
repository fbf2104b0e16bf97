import t from 'tap'
import { listDeferred } from '../../../src/db/regional/deferred.js'
import { appendOutbox, readOutbox } from '../../../src/db/regional/outbox.js'
import { takeUnpublished } from '../../../src/db/regional/unpublished.js'
import { systemRandom } from '../../../src/lib/random.js'
import type { Fact } from '../../../src/model/change.js'
import { tick, ZERO_STAMP } from '../../../src/model/clock.js'
import { beginRefill, restampOutbox } from '../../../src/sync/regional/recovery.js'
import { bareRegional } from '../../support/bare-regional.js'

const FILE = systemRandom.id()

function stampAt(ms: number, origin: string): string {
  return tick(ZERO_STAMP, ms, origin)
}

function updated(fields: Fact['fields'], stamp: string): Fact {
  const modified_at = '2026-11-23T10:00:00.000Z'
  return { type: 'file.updated', key: FILE, fields: { modified_at, ...fields }, stamp }
}

t.test('deferred changes are republished to a grand that lost its log, unless they are empty', async (t) => {
  const { db, journal, now } = await bareRegional(t)
  const [first, second, third, last] = [1, 2, 3, 4].map((ms) => stampAt(now() - 1000 + ms, 'us'))
  const sent = [
    updated({ name: 'first' }, first as string),
    updated({ folder: '/second' }, second as string),
    updated({ name: 'last' }, last as string),
    updated({ name: 'third' }, third as string),
  ]
  for (const fact of sent) await db.write((tx) => journal.apply(tx, fact))
  await db.write((tx) => beginRefill(tx, systemRandom))
  const again = await db.write((tx) => takeUnpublished(tx, 10))
  t.strictSame(again, [sent[2], sent[1]])
  t.same(listDeferred(db, { kind: 'file', key: FILE }), again, 'and it waits on')
  t.same(await db.write((tx) => takeUnpublished(tx, 10)), [])
})

t.test('deferred changes keep the stamps of other servers, unless the grand would refuse them', async (t) => {
  const { db, journal, now } = await bareRegional(t)
  const [lawful, ahead] = [stampAt(now() - 1000, 'us'), stampAt(now() + 3_600_000, 'ap')]
  await db.write((tx) => {
    journal.apply(tx, updated({ name: 'a name' }, ahead))
    journal.apply(tx, updated({ folder: '/folder' }, lawful))
    beginRefill(tx, systemRandom)
    for (const fact of takeUnpublished(tx, 10)) appendOutbox(tx, 'eu', fact, systemRandom)
  })
  const renewed = await db.write((tx) => restampOutbox(tx, 'eu', now(), systemRandom))
  t.strictSame([...renewed.keys()], [ahead])
  const stamps = [renewed.get(ahead), lawful]
  t.strictSame(
    readOutbox(db, 0, 10).map(({ stamp }) => stamp),
    stamps,
  )
  t.strictSame(
    listDeferred(db, { kind: 'file', key: FILE }).map(({ stamp }) => stamp),
    stamps,
    'the local stamps equal the sent ones',
  )
})
