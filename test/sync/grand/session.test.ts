import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { NO_HASH } from '../../../src/log/change-log.js'
import { tick, ZERO_STAMP } from '../../../src/model/clock.js'
import { HEARTBEAT_MS, type MessageOf, WINDOW } from '../../../src/sync/protocol.js'
import { until } from '../../support/until.js'
import { sha256, TestGrand, type TestPeer } from './test-grand.js'

/** Whether these are the first entries of a log, in order, each chained to the one before. */
function isChained(entries: TestPeer['entries']) {
  let ghash = NO_HASH
  return entries.every((entry, index) => {
    ghash = sha256(ghash + entry.change)
    return entry.gseq === index + 1 && entry.ghash === ghash
  })
}

test('acknowledged changes are sent to every regional, numbered and chained, and survive a restart', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  const small = randomBytes(3000)
  const changes = [eu.token(), eu.upload(small), eu.token()]
  await eu.put(changes, [small])
  await us.put([us.token()])
  await Promise.all([eu.caughtUp(4), us.caughtUp(4)])
  t.ok(isChained(eu.entries))
  t.ok(isChained(us.entries))
  t.same(
    us.entries.slice(0, 3).map(({ change }) => change),
    changes.map((change) => JSON.stringify(change)),
    'the exact text of the changes',
  )
  t.same(
    us.received.flatMap(({ blobs }) => blobs.map(({ bytes }) => bytes)),
    [small],
    'small blobs are sent with their changes',
  )
  t.same(
    eu.received.flatMap(({ blobs }) => blobs),
    [],
    'small blobs are not returned to their origin',
  )
  await grand.stop()
  await grand.start()
  const again = await grand.link('us')
  await again.caughtUp(4)
  t.same(again.entries, us.entries)
  const welcome = again.all('welcome')[0]!
  t.equal(welcome.head, 4)
  t.equal(welcome.seen, null, 'a new incarnation was never seen')
})

test('changes sent twice are logged once, also in a new epoch under the same ids', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const changes = [eu.token(), eu.token()]
  await eu.put(changes)
  eu.received.length = 0
  await eu.put(changes)
  t.equal(grand.grand.head, 2)
  const back = await grand.connect('eu')
  const renumbered = changes.map((change) => ({ ...change, epoch: back.epoch }))
  await back.sayHello()
  await back.put([...renumbered, { ...back.token(), oseq: 3 }])
  t.equal(grand.grand.head, 3)
  await eu.ended()
  const third = await grand.connect('eu')
  const { seen } = await third.sayHello({ epoch: back.epoch })
  t.equal(seen?.oseq, 3)
})

test('a cursor is known only if its hash matches the log', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  await eu.put([eu.token(), eu.token()])
  await eu.caughtUp(2)
  const { log_id } = eu.all('welcome')[0]!
  const ghash = eu.entries[0]!.ghash
  const known = async (cursor: { log_id: string; gseq: number; ghash: string }) =>
    (await (await grand.connect('us')).sayHello({ cursor })).cursor_known
  t.equal(await known({ log_id, gseq: 1, ghash }), true)
  t.equal(await known({ log_id, gseq: 0, ghash: NO_HASH }), true)
  t.equal(await known({ log_id, gseq: 2, ghash }), false)
  t.equal(await known({ log_id, gseq: 9, ghash }), false)
  t.equal(await known({ log_id: 'f'.repeat(32), gseq: 1, ghash }), false)
})

test('a regional that violates the protocol is refused with a reason, and the others are not affected', async (t) => {
  const grand = await TestGrand.open(t)
  const us = await grand.link('us')
  const breaches: [string, string, (eu: TestPeer) => void][] = [
    ['identity', 'another origin', (eu) => eu.send([{ ...eu.token(), origin: 'us' }])],
    ['identity', 'another name', (eu) => eu.say({ ...hello(eu), server: 'us' })],
    [
      'invalid',
      'a reference to no blob',
      (eu) => eu.send([{ ...eu.token(), blob: { sha256: 'sha256', size: 'size' } }]),
    ],
    ['invalid', 'a type that is none', (eu) => eu.send([{ ...eu.token(), type: '../x' as never }])],
    [
      'invalid',
      'a change of too many levels',
      (eu) => {
        const text = JSON.stringify({ ...eu.token(), type: 'note.made', fields: { note: 'deep' } })
        const deep = text.replace('"deep"', `${'['.repeat(30_000)}${']'.repeat(30_000)}`)
        eu.say({ type: 'changes', changes: [deep], blobs: [] })
      },
    ],
    ['invalid', 'another epoch', (eu) => eu.send([{ ...eu.token(), epoch: 'a'.repeat(32) }])],
    ['invalid', 'no JSON', (eu) => eu.say({ type: 'changes', changes: ['{'], blobs: [] })],
    ['invalid', 'bytes that nothing names', (eu) => eu.send([eu.token()], [randomBytes(10)])],
    [
      'invalid',
      'other bytes',
      (eu) => {
        const change = eu.upload(Buffer.from('right'))
        const text = JSON.stringify(change)
        const hash = String(change.fields.sha256)
        eu.say({ type: 'changes', changes: [text], blobs: [{ sha256: hash, size: 5 }] }, [
          { sha256: hash, bytes: Buffer.from('wrong') },
        ])
      },
    ],
    ['gap', 'a change left out', (eu) => eu.send([eu.token({ oseq: 2 })])],
    ['gap', 'a change left out in a batch', (eu) => eu.send([eu.token(), eu.token({ oseq: 3 })])],
    ['protocol', 'garbage', (eu) => eu.socket.send(randomBytes(500))],
    ['protocol', 'half a header', (eu) => eu.socket.send(Buffer.from([0, 0, 1, 0, 0x7b]))],
    ['protocol', 'an unknown message', (eu) => eu.say({ type: 'shutdown' } as never)],
    ['protocol', 'a second hello', (eu) => eu.say(hello(eu))],
    ['protocol', 'applied what never came', (eu) => eu.say({ type: 'applied', gseq: 1000 })],
    ['protocol', 'the watermark of another', (eu) => eu.say({ type: 'watermark', server: 'us', gseq: 0 })],
    [
      'overload',
      'no waiting',
      (eu) => {
        for (let count = 0; count < 20; count += 1) eu.send(Array.from({ length: 300 }, () => eu.token()))
      },
    ],
  ]
  for (const [code, what, breach] of breaches) {
    const eu = await grand.connect('eu')
    if (what !== 'another name') await eu.sayHello()
    breach(eu)
    const refused = await eu.receive('refused')
    t.equal(refused.code, code, `${what}: ${refused.reason}`)
    await eu.ended()
  }
  const before = grand.grand.head
  await us.put([us.token()])
  t.equal(grand.grand.head, before + 1, 'nothing stands in the way of another')
  t.ok(grand.logged.filter(({ msg }) => msg === 'refused').length >= breaches.length, 'and each is logged')
})

function hello(eu: TestPeer): MessageOf<'hello'> {
  return {
    type: 'hello',
    protocols: [1],
    server: 'eu',
    epoch: eu.epoch,
    head: 0,
    cursor: null,
    time: 0,
    changes: 1,
  }
}

test('a different change under a logged oseq of the same epoch is refused as a gap', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  await eu.put([eu.token(), eu.token()])
  eu.send([eu.token({ oseq: 2 })])
  t.equal((await eu.receive('refused')).code, 'gap')
})

test('a future stamp is refused, earlier changes of the batch are logged, and the session stays open', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const future = tick(ZERO_STAMP, Date.now() + 3_600_000, 'eu')
  const [good, ahead, behind] = [eu.token(), eu.token({ stamp: future }), eu.token()]
  eu.send([good, ahead])
  eu.send([behind])
  const refused = await eu.receive('refused')
  t.equal(refused.code, 'future-stamp')
  t.equal(refused.oseq, 2)
  t.ok(Math.abs(refused.time - Date.now()) < 60_000)
  t.equal((await eu.receive('ack')).oseq, 1)
  await eu.put([{ ...ahead, stamp: behind.stamp }, behind])
  t.equal(grand.grand.head, 3)
  t.equal(eu.closed, undefined)
  const wrongClock = { ...eu.token(), stamp: future }
  eu.send([wrongClock])
  await eu.receive('refused', ({ oseq }) => oseq === 4)
})

test('a frame that is too large or malformed ends only its own session', async (t) => {
  const grand = await TestGrand.open(t)
  const us = await grand.link('us')
  const eu = await grand.link('eu')
  eu.socket.send(Buffer.alloc(9 * 1024 * 1024))
  await eu.ended()
  const text = await grand.link('eu')
  text.socket.send('text')
  await text.ended()
  await us.put([us.token()])
})

test('a regional that never acknowledges entries gets one window of them, and delays no other', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us, ap] = [await grand.link('eu'), await grand.link('us'), await grand.link('ap')]
  ap.applies = false
  for (let count = 0; count < 40; count += 1) await eu.put([eu.token()])
  await us.caughtUp(40)
  t.ok(ap.all('entries').length <= WINDOW, `${ap.all('entries').length} pages`)
  ap.applies = true
  ap.say({ type: 'applied', gseq: ap.entries.at(-1)!.gseq })
  await ap.caughtUp(40)
  t.ok(isChained(ap.entries))
})

test('a regional that lags behind receives the log in pages', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await grand.link('eu')
  const small = randomBytes(60_000)
  for (let batch = 0; batch < 6; batch += 1) {
    await eu.put(Array.from({ length: 400 }, () => eu.token()))
    const others = Array.from({ length: 10 }, () => Buffer.concat([small, randomBytes(16)]))
    await eu.put(
      others.map((bytes) => eu.upload(bytes)),
      others,
    )
  }
  const head = grand.grand.head
  t.equal(head, 6 * 410)
  const us = await grand.link('us')
  await us.caughtUp(head)
  t.ok(isChained(us.entries))
  t.equal(us.received.flatMap(({ blobs }) => blobs).length, 60)
  // What a regional made in an earlier life it may have lost.
  const reborn = await grand.link('eu')
  await reborn.caughtUp(head)
  t.equal(reborn.received.flatMap(({ blobs }) => blobs).length, 60)
})

test('watermarks are forwarded to the other regionals and survive a restart', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  await eu.put([eu.token(), eu.token()])
  await us.receive('watermark', ({ server, gseq }) => server === 'grand' && gseq === 2)
  eu.say({ type: 'watermark', server: 'eu', gseq: 2 })
  await us.receive('watermark', ({ server, gseq }) => server === 'eu' && gseq === 2)
  await grand.stop()
  await grand.start()
  const { watermarks } = await (await grand.connect('ap')).sayHello()
  t.same(watermarks, { ap: 0, eu: 2, grand: 2, us: 0 })
  const reborn = await grand.connect('eu')
  t.equal((await reborn.sayHello()).watermarks.eu, 0, 'who has nothing of the log has none of its bytes')
})

test('a newer session of the same regional replaces the older one', async (t) => {
  const grand = await TestGrand.open(t)
  const first = await grand.link('eu')
  const second = await grand.link('eu')
  t.match(await first.ended(), /newer session/)
  await second.put([second.token()])
})

test('with a full disk no change is acknowledged and none is lost', async (t) => {
  const grand = await TestGrand.open(t, { minFreeDiskBytes: Number.MAX_SAFE_INTEGER })
  const eu = await grand.link('eu')
  const change = eu.token()
  eu.send([change])
  await until('the grand pauses', async () => (await grand.status()).paused_since !== null)
  t.same(eu.all('ack'), [])
  await grand.stop()
  await grand.start()
  const back = await grand.connect('eu')
  await back.sayHello({ epoch: eu.epoch })
  await back.put([change])
  t.equal(grand.grand.head, 1)
})

test('a connection that swallows all frames is detected and closed; an idle one stays open', async (t) => {
  const grand = await TestGrand.open(t)
  const [eu, us] = [await grand.link('eu'), await grand.link('us')]
  eu.socket.pause()
  const links = async () => ((await grand.status()).links as { server: string }[]).map(({ server }) => server)
  await until('only one is left', async () => (await links()).length === 1, 4 * HEARTBEAT_MS)
  t.same(await links(), ['us'])
  await us.put([us.token()])
})
