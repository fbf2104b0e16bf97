import t, { type Test } from 'tap'
import { findOutboxId, readOutbox } from '../../../src/db/regional/outbox.js'
import { SystemClock } from '../../../src/domain/system-clock.js'
import { systemRandom } from '../../../src/lib/random.js'
import { ZERO_STAMP } from '../../../src/model/clock.js'
import {
  decodeFromRegional,
  encodeFrame,
  type FromRegional,
  MAX_BATCH_CHANGES,
} from '../../../src/sync/protocol.js'
import { OutboxQueue } from '../../../src/sync/regional/outbox-queue.js'
import { RegionalSession } from '../../../src/sync/regional/session.js'
import { bareRegional, registration } from '../../support/bare-regional.js'
import { until } from '../../support/until.js'

/** A regional with changes to tell, and what it says on each of its links. */
async function talkative(t: Test, changes: number) {
  const { db, blobs, journal, replicas, applier, logger, now } = await bareRegional(t)
  const record = (i: number) => {
    const draft = {
      type: 'user.registered',
      key: systemRandom.id(),
      fields: registration(`user${i}`),
    } as const
    return db.write((tx) => journal.record(tx, [draft]))
  }
  await Promise.all(Array.from({ length: changes }, (_, i) => record(i)))
  const transfer = { push() {}, offered() {}, refresh() {}, watermark: (cursor: number) => cursor }
  const clock = new SystemClock(now)
  const queue = new OutboxQueue({ db, blobs })
  const parts = { server: 'eu', db, queue, applier, replicas, transfer, clock, random: systemRandom, logger }
  const common = { ...parts, startedAt: ZERO_STAMP }
  const link = async (seen: { oseq: number; id: string } | null) => {
    const said: FromRegional[] = []
    const channel = { send: (frame: Buffer) => void said.push(decodeFromRegional(frame).message), close() {} }
    const session = new RegionalSession({ ...common, onWelcome() {} }, channel).start()
    session.receive(
      encodeFrame({
        type: 'welcome',
        changes: 1,
        protocol: 1,
        server: 'grand',
        log_id: 'a'.repeat(32),
        head: 0,
        seen,
        cursor_known: true,
        time: now(),
        watermarks: {},
      }),
    )
    await until('the session has sent its changes', () => sent(said).length > 0)
    return { session, said }
  }
  return { db, link }
}

function sent(said: FromRegional[]): number[] {
  return said.flatMap((message) =>
    message.type === 'changes' ? message.changes.map((text) => JSON.parse(text).oseq) : [],
  )
}

t.test('a change is kept and sent again until it is acknowledged', async (t) => {
  const { db, link } = await talkative(t, 3)
  const kept = () => readOutbox(db, 0, 10).map(({ oseq }) => oseq)
  const first = await link(null)
  t.same(sent(first.said), [1, 2, 3])
  await first.session.save()
  t.same(kept(), [1, 2, 3], 'a sent change is not acknowledged yet')
  const id = findOutboxId(db, 2) as string
  first.session.receive(encodeFrame({ type: 'ack', oseq: 2 }))
  await first.session.save()
  t.same(kept(), [3])
  await first.session.end()
  t.same(kept(), [3], 'the end of a session acknowledges nothing')
  const second = await link({ oseq: 2, id })
  t.same(sent(second.said), [3], 'the change is sent again')
  await second.session.end()
})

t.test('changes beyond the queue are sent as the grand acknowledges earlier ones', async (t) => {
  const changes = 9 * MAX_BATCH_CHANGES
  const { link } = await talkative(t, changes)
  const { session, said } = await link(null)
  while (sent(said).length < changes) {
    const before = sent(said)
    session.receive(encodeFrame({ type: 'ack', oseq: before.at(-1) as number }))
    if (sent(said).length === before.length) break
  }
  t.same(
    sent(said),
    Array.from({ length: changes }, (_, i) => i + 1),
  )
  await session.end()
})

t.test(
  'changes stamped again are neither sent in the refused session nor taken for acknowledged',
  async (t) => {
    const { db, link } = await talkative(t, 5)
    const { session, said } = await link(null)
    session.receive(encodeFrame({ type: 'ack', oseq: 2 }))
    const time = Date.now()
    session.receive(encodeFrame({ type: 'refused', code: 'future-stamp', reason: 'ahead', oseq: 3, time }))
    await until('a new epoch has begun', () => readOutbox(db, 0, 10)[0]?.oseq === 1)
    session.receive(encodeFrame({ type: 'ack', oseq: 3 }))
    session.drain()
    await session.end()
    t.same(
      readOutbox(db, 0, 10).map(({ oseq }) => oseq),
      [1, 2, 3],
      'all three changes wait to be sent',
    )
    t.same(sent(said), [1, 2, 3, 4, 5])
  },
)
