import { mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { backupDataDir } from '../../src/db/backup.js'
import { Database } from '../../src/db/engine/database.js'
import { addEvent } from '../../src/db/regional/events.js'
import { accountServices } from '../../src/domain/account-services.js'
import { EventLog } from '../../src/domain/event-log.js'
import { Notifier } from '../../src/domain/notifier.js'
import { EventStreams } from '../../src/http/events/event-streams.js'
import { DEFAULT_LIMITS } from '../../src/http/limits.js'
import { Client } from '../support/client.js'
import { openEventStream } from '../support/event-stream.js'
import { openTestRegional } from '../support/test-regional.js'
import { until } from '../support/until.js'

const EVENT = '{"id":"01a207e2-48c0-7173-b83d-9c172411e20b"}'

t.test('each user receives exactly the events that concern them', async (t) => {
  const regional = await openTestRegional(t)
  const [alice, bob, carol] = [
    await regional.person('alice'),
    await regional.person('bob'),
    await regional.person('carol'),
  ]
  const [hers, his, others] = [
    await openEventStream(t, regional.url, alice),
    await openEventStream(t, regional.url, bob),
    await openEventStream(t, regional.url, carol),
  ]
  await alice.befriend(bob)
  const secret = await alice.put('1', { name: 'secret' })
  const shared = await alice.put('22', { name: 'shared', visibility: 'friends' })
  await alice.patch(`/files/${shared.id}`, { name: 'renamed' })
  await alice.patch(`/files/${secret.id}`, { visibility: 'public' })
  await alice.patch(`/files/${shared.id}`, { visibility: 'private' })
  await alice.patch(`/files/${shared.id}`, { name: 'hidden' })
  await alice.delete(`/files/${shared.id}`)
  await alice.delete(`/files/${secret.id}`)
  await bob.delete('/friends/alice')
  await alice.put('3', { visibility: 'public' })

  await hers.count(17)
  t.same(hers.types, [
    ...['friend.requested', 'friend.accepted'],
    ...['file.created', 'storage.changed', 'file.created', 'storage.changed'],
    ...['file.updated', 'file.updated', 'file.updated', 'file.updated'],
    ...['file.deleted', 'storage.changed', 'file.deleted', 'storage.changed'],
    ...['friend.removed', 'file.created', 'storage.changed'],
  ])
  await his.count(8)
  t.same(his.types, [
    ...['friend.requested', 'friend.accepted'],
    ...['file.created', 'file.updated', 'file.created', 'file.deleted', 'file.deleted'],
    'friend.removed',
  ])
  t.match(his.events[0]?.data, { from: { username: 'alice' }, to: { username: 'bob' }, status: 'pending' })
  t.match(his.events[1]?.data, { username: 'alice' })
  t.match(hers.events[1]?.data, { username: 'bob' })
  t.match(his.events[3]?.data, { id: shared.id, name: 'renamed', owner: { username: 'alice' } })
  t.match(
    his.events[5],
    { event: 'file.deleted', data: { id: shared.id } },
    'a file that becomes private is a deleted file for friends',
  )
  t.match(hers.events[3]?.data, { used_storage: 1, storage_quota: Number })
  t.same(others.types, [])
})

t.test('rejected and cancelled requests and deleted accounts send events', async (t) => {
  const regional = await openTestRegional(t)
  const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
  const his = await openEventStream(t, regional.url, bob)
  const first = await alice.post('/friends/request', { username: 'bob' })
  await bob.post(`/friends/reject/${first.json.id}`)
  const second = await alice.post('/friends/request', { username: 'bob' })
  await alice.delete(`/friends/request/${second.json.id}`)
  await alice.befriend(bob)
  await alice.delete('/me')
  await his.count(7)
  t.same(his.types, [
    ...['friend.requested', 'friend.rejected', 'friend.requested', 'friend.rejected'],
    ...['friend.requested', 'friend.accepted', 'friend.removed'],
  ])
  t.match(his.events[1]?.data, { status: 'rejected' })
  t.match(his.events[3]?.data, { status: 'cancelled' })
  t.match(his.events[6]?.data, { id: alice.id, username: 'alice' })
})

t.test('a client that reconnects with Last-Event-ID gets every event exactly once', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const received: string[] = []
  let lastId: string | undefined
  let made = 0
  for (let round = 0; round < 6; round++) {
    const stream = await openEventStream(t, regional.url, alice, lastId)
    const uploads = Array.from({ length: 30 }, () => alice.put('x', { name: `${made++}` }))
    // Disconnects in the middle; the next round gets the rest.
    await stream.count(10 + round)
    stream.close()
    lastId = stream.lastId
    received.push(...stream.events.map(({ id }) => id))
    await Promise.all(uploads)
    if (round === 3) await regional.restart()
  }
  const last = await openEventStream(t, regional.url, alice, lastId)
  await until('all events have arrived', () => received.length + last.events.length >= made * 2)
  const all = [...received, ...last.events.map(({ id }) => id)]
  t.equal(all.length, made * 2, 'one file event and one storage event for each upload')
  t.equal(new Set(all).size, all.length, 'no event arrives twice')
  const places = all.map((id) => Number(id.split('-')[1]))
  t.same(
    places,
    places.toSorted((a, b) => a - b),
    'events are in order',
  )
})

t.test('events are kept only for users who have opened a stream', async (t) => {
  const DAY_MS = 24 * 3600 * 1000
  await using db = Database.open(':memory:', 'regional')
  let now = Date.parse('2026-11-23T10:00:00.000Z')
  const { accounts, notifier, journal } = accountServices({
    server: 'eu',
    db,
    now: () => now,
    storageQuotaBytes: 1000,
    registration: 'open',
  })
  const eventLog = new EventLog({ db, notifier, now: () => now })
  const register = (username: string) =>
    accounts.register({ username, email: `${username}@example.org`, password: 'correct horse battery' })
  const [alice, bob] = [await register('alice'), await register('bob')]
  const happen = () =>
    db.write((tx) => {
      for (const { id } of [alice, bob]) {
        const fields = { storage_quota: now }
        journal.record(tx, [{ type: 'user.updated', key: id, fields }])
      }
      now += 1
    })
  const eventCount = (id: string) => eventLog.read(id, 0, 100).length
  const forget = async () => {
    await eventLog.touchSubscribers(100, async () => undefined)
    return db.write((tx) => eventLog.expireSubscribers(tx, 100))
  }

  await happen()
  t.equal(eventCount(alice.id) + eventCount(bob.id), 0, 'no user has opened a stream yet')
  const { position } = eventLog.resume(alice.id, undefined)
  const stop = eventLog.subscribe(alice.id, () => undefined)
  await happen()
  stop()
  await happen()
  t.equal(eventCount(alice.id), 2, 'events are kept during the stream and after it')
  t.equal(eventCount(bob.id), 0)
  t.same(eventLog.resume(alice.id, eventLog.formatEventId(position)), { position, missed: false })
  t.match(
    eventLog.resume(bob.id, eventLog.formatEventId(position)),
    { missed: true },
    'some of his events are missing',
  )

  const leave = eventLog.subscribe(alice.id, () => undefined)
  now += 30 * DAY_MS
  t.equal(await forget(), 0)
  await happen()
  t.equal(eventCount(alice.id), 3, 'an open stream keeps its subscription alive')
  leave()
  now += 7 * DAY_MS
  t.equal(await forget(), 0)
  now += DAY_MS + 1
  t.equal(await forget(), 1)
  await happen()
  t.equal(eventCount(alice.id), 3, 'a subscription expires without a stream')
  t.match(
    eventLog.resume(alice.id, eventLog.formatEventId(position)),
    { missed: true },
    'resuming reports missed events',
  )
  eventLog.subscribe(alice.id, () => undefined)
  await db.write(() => undefined)
  t.match(
    eventLog.resume(alice.id, eventLog.formatEventId(position)),
    { missed: true },
    'even while another stream is open',
  )
})

t.test('an unknown Last-Event-ID resets the stream', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  await alice.put('x')
  const known = await openEventStream(t, regional.url, alice)
  for (const id of [
    'nonsense',
    '0123456789ab-1',
    `${known.lastId}9999`,
    '-1',
    known.lastId.replace(/-.*/, ''),
    '9'.repeat(200),
  ]) {
    const stream = await openEventStream(t, regional.url, alice, id)
    await stream.count(1)
    t.same(stream.types, ['stream.reset'], id.slice(0, 30))
    t.equal(stream.lastId, known.lastId)
    await alice.put('y')
    await stream.count(3)
    await known.count(2)
    stream.close()
    known.lastId = stream.lastId
  }
})

t.test('a stream resets after the server was restored from a backup', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  await alice.put('before the backup')
  const backup = await mkdtemp(join(t.testdir(), 'backup-'))
  await backupDataDir(regional.dataDir, backup)
  const stream = await openEventStream(t, regional.url, alice)
  await alice.put('lost with the disk')
  await stream.count(2)
  stream.close()
  await regional.stop()
  await rm(regional.dataDir, { recursive: true })
  await rename(backup, regional.dataDir)
  await regional.open()
  for (const name of ['a', 'b', 'c']) await alice.put(name)
  const again = await openEventStream(t, regional.url, alice, stream.lastId)
  await again.count(1)
  t.same(again.types, ['stream.reset'], 'the positions are the same, but the events are not')
})

t.test('a stream ends with the session or token that opened it', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const other = regional.stranger('alice')
  await other.logIn()
  const token = await alice.token('read')
  const byToken = await openEventStream(t, regional.url, alice.as({ authorization: `Bearer ${token}` }))
  const byOther = await openEventStream(t, regional.url, other)
  const own = await openEventStream(t, regional.url, alice)
  const change = { new_password: 'paper boat on the river', current_password: alice.password }
  await alice.patch('/me', change)
  await until('the stream of the other session has ended', () => byOther.ended)
  const { items } = (await alice.get('/tokens')).json
  await alice.delete(`/tokens/${items[0].id}`)
  await until('the stream of the token has ended', () => byToken.ended)
  t.notOk(own.ended)
  await alice.ask('POST', '/logout')
  await until('the stream of the own session has ended', () => own.ended)
  t.same(own.types, [])
})

t.test('heartbeats keep an idle stream open and end it when its session has expired', async (t) => {
  await using db = Database.open(':memory:', 'regional')
  const notifier = new Notifier()
  const metrics = { eventStreamOpened: () => undefined, eventStreamClosed: () => undefined }
  using streams = new EventStreams({ eventLog: new EventLog({ db, notifier, now: Date.now }), metrics })
  streams.start(20)
  let isAllowed = true
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const subscriber = {
      userId: 'alice',
      address: undefined,
      credential: 'session',
      isAllowed: () => isAllowed,
    }
    streams.open(response, subscriber, request.headers['last-event-id'] as string | undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new Client(() => url)
  t.teardown(() => client.close())
  const stream = await openEventStream(t, url, client)
  await until('heartbeats', () => stream.comments >= 3)
  await db.write((tx) => {
    for (let i = 0; i < 250; i++)
      addEvent(tx, {
        user_id: i % 2 ? 'alice' : 'bob',
        type: 'file.deleted',
        data: EVENT,
        created_at: '',
      })
    tx.afterCommit(() => notifier.notify('alice'))
  })
  await stream.count(125)
  t.equal(new Set(stream.events.map(({ id }) => id)).size, 125, 'more than one page of events, each once')
  isAllowed = false
  await until('the stream has ended', () => stream.ended)
  t.equal(notifier.subscriberCount('alice'), 0, 'the subscription has ended')
})

t.test('streams of one session share one check of it, and a new stream has a check of its own', async (t) => {
  await using db = Database.open(':memory:', 'regional')
  const notifier = new Notifier()
  const metrics = { eventStreamOpened: () => undefined, eventStreamClosed: () => undefined }
  using streams = new EventStreams({ eventLog: new EventLog({ db, notifier, now: Date.now }), metrics })
  const checked: string[] = []
  let opened = 0
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const credential = `session ${opened++ % 2}`
    const isAllowed = () => Boolean(checked.push(credential))
    streams.open(response, { userId: 'alice', address: undefined, credential, isAllowed }, undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new Client(() => url)
  t.teardown(() => client.close())
  const received: Awaited<ReturnType<typeof openEventStream>>[] = []
  for (let i = 0; i < 30; i += 1) received.push(await openEventStream(t, url, client))
  t.equal(checked.splice(0).length, 30)
  await db.write((tx) => {
    addEvent(tx, { user_id: 'alice', type: 'file.deleted', data: EVENT, created_at: '' })
    tx.afterCommit(() => notifier.notify('alice'))
  })
  for (const stream of received) await stream.count(1)
  t.same(checked, ['session 0', 'session 1'])
})

t.test('event streams are limited by account, by address and for the whole server', async (t) => {
  await using db = Database.open(':memory:', 'regional')
  const { notifier } = accountServices({
    server: 'eu',
    db,
    now: Date.now,
    storageQuotaBytes: 1000,
    registration: 'open',
  })
  const metrics = { eventStreamOpened: () => undefined, eventStreamClosed: () => undefined }
  using streams = new EventStreams({ eventLog: new EventLog({ db, notifier, now: Date.now }), metrics })
  const findSubscriber = (userId: string, address?: string) => ({
    userId,
    address,
    credential: userId,
    isAllowed: () => true,
  })
  const opened: ServerResponse[] = []
  const open = (subscriber: ReturnType<typeof findSubscriber>) => {
    streams.assertRoom(subscriber)
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    opened.push(response)
    streams.open(response, subscriber, undefined)
  }
  const openMany = (subscriber: ReturnType<typeof findSubscriber>, count: number) => {
    for (let i = 0; i < count; i += 1) open(subscriber)
  }
  openMany(findSubscriber('alice', '192.0.2.1'), 1000)
  t.throws(() => open(findSubscriber('alice', '192.0.2.2')), { code: 'too-many-streams', message: /account/ })
  for (const name of ['b', 'c', 'd', 'e']) openMany(findSubscriber(name, '192.0.2.1'), 1000)
  t.throws(() => open(findSubscriber('bob', '192.0.2.1')), { code: 'too-many-streams', message: /address/ })
  for (let i = 0; i < 10; i += 1) openMany(findSubscriber(`user ${i}`), 1000)
  t.throws(() => open(findSubscriber('carol', '192.0.2.3')), { code: 'too-many-streams', message: /server/ })
  t.ok(DEFAULT_LIMITS.connections > opened.length, 'connections remain for other requests')
  for (const response of opened.slice(0, 2)) response.emit('close')
  open(findSubscriber('bob', '192.0.2.1'))
  open(findSubscriber('alice', '192.0.2.3'))
})
