import t from 'tap'
import { openEventStream } from '../support/event-stream.js'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

/** The outcome of `GET /me` on each regional. */
async function accountOutcomes(sphere: TestSphere, person: Person): Promise<string[]> {
  return Promise.all(sphere.everywhere(person).map(async ([, there]) => (await there.get('/me')).outcome))
}

const LOGGED_IN = ['200', '200', '200']
const LOGGED_OUT = ['401 unauthenticated', '401 unauthenticated', '401 unauthenticated']

t.test('An account behaves the same on every regional', async (t) => {
  const sphere = await TestSphere.open(t)
  const on = (name: string, person: Person) => sphere.at(name, person)
  /** Opens one more session of an account. */
  const logIn = async (name: string, person: Person): Promise<Person> => {
    const session = on(name, person)
    await session.logIn()
    return session
  }
  /** Registers an account that every server knows. */
  const newcomer = async (username: string): Promise<Person> => {
    const person = await sphere.regional('eu').person(username)
    await sphere.converged()
    return person
  }

  await t.test(
    'A session is valid on every server until it is logged out or revoked on any of them',
    async (t) => {
      const ada = await newcomer('ada')
      const [second, third] = [await logIn('us', ada), await logIn('ap', ada)]
      await sphere.converged()
      for (const session of [ada, second, third])
        t.strictSame(await accountOutcomes(sphere, session), LOGGED_IN)
      t.equal((await on('ap', second).post('/logout')).status, 204)
      const list = (await on('us', ada).get('/sessions')).json.items as { id: string; current: boolean }[]
      const others = list.filter(({ current }) => !current)
      await sphere.converged()
      for (const { id } of others) await on('us', ada).delete(`/sessions/${id}`)
      await sphere.converged()
      t.strictSame(await accountOutcomes(sphere, ada), LOGGED_IN)
      t.strictSame(await accountOutcomes(sphere, second), LOGGED_OUT)
      t.strictSame(await accountOutcomes(sphere, third), LOGGED_OUT)
      t.equal((await on('eu', ada).get('/sessions')).json.items.length, 1)
    },
  )

  await t.test('A new password ends all other sessions on every server and keeps API tokens', async (t) => {
    const bea = await newcomer('bea')
    const old = await logIn('us', bea)
    const token = await on('ap', bea).token('read')
    await sphere.converged()
    const change = { new_password: 'a new password', current_password: bea.password }
    t.equal((await on('us', bea).patch('/me', change)).status, 200)
    await sphere.converged()
    t.strictSame(await accountOutcomes(sphere, bea), LOGGED_IN)
    t.strictSame(await accountOutcomes(sphere, old), LOGGED_OUT)
    for (const name of sphere.names) {
      const nobody = sphere.regional(name).nobody()
      t.equal((await nobody.as({ authorization: `Bearer ${token}` }).get('/me')).status, 200)
      t.equal((await nobody.post('/login', { identifier: 'bea', password: 'a new password' })).status, 200)
      const wrong = await nobody.post('/login', { identifier: 'bea', password: bea.password })
      t.equal(wrong.outcome, '401 invalid-credentials')
    }
  })

  await t.test(
    'A session opened with the old password on a partitioned server ends after the heal',
    async (t) => {
      const cid = await newcomer('cid')
      await sphere.partition('ap')
      const late = await logIn('ap', cid)
      const change = { new_password: 'a new password', current_password: cid.password }
      t.equal((await cid.patch('/me', change)).status, 200)
      const later = await logIn('ap', cid)
      t.equal(
        (await later.get('/me')).status,
        200,
        'the partitioned server does not know the new password yet',
      )
      t.equal(
        (await sphere.status('ap')).connected,
        false,
        'the partitioned server reports that it is disconnected',
      )
      await sphere.heal()
      t.strictSame(await accountOutcomes(sphere, late), LOGGED_OUT)
      t.strictSame(await accountOutcomes(sphere, later), LOGGED_OUT)
      t.strictSame(await accountOutcomes(sphere, cid), LOGGED_IN)
    },
  )

  await t.test(
    'An API token works on every server within its scope until it is revoked on any of them',
    async (t) => {
      const dot = await newcomer('dot')
      const [read, write] = [await dot.token('read'), await dot.token('write')]
      await sphere.converged()
      const withToken = (name: string, token: string) => {
        const person = sphere.regional(name).stranger('dot')
        person.headers = { authorization: `Bearer ${token}` }
        return person
      }
      for (const name of sphere.names) {
        t.equal((await withToken(name, read).get('/files')).status, 200)
        t.equal((await withToken(name, read).upload('x')).outcome, '403 insufficient-scope')
        t.equal((await withToken(name, write).upload('x')).status, 201)
      }
      const { items } = (await on('us', dot).get('/tokens')).json
      for (const { id } of items) t.equal((await on('us', dot).delete(`/tokens/${id}`)).status, 204)
      await sphere.converged()
      for (const name of sphere.names)
        for (const token of [read, write])
          t.equal((await withToken(name, token).get('/files')).outcome, '401 unauthenticated')
    },
  )

  await t.test('A deleted account is gone from every server', async (t) => {
    const eli = await newcomer('eli')
    const session = await logIn('us', eli)
    const token = await eli.token('write')
    await sphere.converged()
    const { id } = await eli.put('x', { visibility: 'public' })
    const streams = await Promise.all(
      sphere.everywhere(eli).map(([name, there]) => openEventStream(t, sphere.regional(name).url, there)),
    )
    t.equal((await session.delete('/me')).status, 204)
    await sphere.converged()
    for (const person of [eli, session]) t.strictSame(await accountOutcomes(sphere, person), LOGGED_OUT)
    for (const name of sphere.names) {
      const nobody = sphere.regional(name).nobody()
      t.equal((await nobody.as({ authorization: `Bearer ${token}` }).get('/me')).status, 401)
      t.equal((await nobody.get(`/download/${id}`)).status, 404)
    }
    for (const stream of streams) await until('the event streams of the account end', () => stream.ended)
  })

  await t.test(
    'Failed logins count per server: an address blocked on one can log in on another',
    async (t) => {
      const fee = await newcomer('fee')
      const guess = (name: string) =>
        sphere
          .regional(name)
          .nobody('127.0.0.9')
          .post('/login', { identifier: 'fee', password: 'a wrong guess' })
      for (let i = 0; i < 5; i += 1) t.equal((await guess('us')).outcome, '401 invalid-credentials')
      const blocked = await guess('us')
      t.equal(blocked.outcome, '429 too-many-attempts')
      t.ok(Number(blocked.headers['retry-after']) > 800)
      await logIn('us', fee)
      await logIn('ap', fee)
    },
  )

  await t.test('Event streams deliver events of other servers and resume after a disconnect', async (t) => {
    const [gil, hue] = [await newcomer('gil'), await newcomer('hue')]
    const stream = await openEventStream(t, sphere.regional('ap').url, on('ap', gil))
    const friends = await openEventStream(t, sphere.regional('us').url, on('us', hue))
    const asked = await hue.post('/friends/request', { username: 'gil' })
    await stream.count(1)
    t.match(stream.events[0], {
      event: 'friend.requested',
      data: { id: asked.json.id, from: { username: 'hue' } },
    })
    t.equal((await on('ap', gil).post(`/friends/accept/${asked.json.id}`)).status, 200)
    await friends.count(2)
    t.match(friends.events[1], { event: 'friend.accepted', data: { username: 'gil' } })
    await sphere.converged()

    const file = await gil.put('four', { name: 'news.txt', visibility: 'friends' })
    await stream.count(4)
    t.strictSame(stream.types.slice(1), ['friend.accepted', 'file.created', 'storage.changed'])
    t.match(stream.events[2]?.data, { id: file.id, name: 'news.txt', size: 4, owner: { username: 'gil' } })
    t.match(stream.events[3]?.data, { used_storage: 4 })
    await friends.count(3)
    t.match(friends.events[2], { event: 'file.created', data: { id: file.id, name: 'news.txt' } })

    stream.close()
    await on('us', gil).patch(`/files/${file.id}`, { name: 'renamed.txt' })
    await on('us', gil).delete('/friends/hue')
    await sphere.converged()
    const resumed = await openEventStream(t, sphere.regional('ap').url, on('ap', gil), stream.lastId)
    await on('us', gil).delete(`/files/${file.id}`)
    await resumed.count(4)
    await sphere.converged()
    t.strictSame(resumed.types, ['file.updated', 'friend.removed', 'file.deleted', 'storage.changed'])
    t.match(resumed.events[0]?.data, { id: file.id, name: 'renamed.txt' })
    t.match(resumed.events[3]?.data, { used_storage: 0 })

    await on('us', gil).post('/logout')
    await until('the stream ends with the session', () => resumed.ended)
    t.notOk(friends.ended)
  })

  await sphere.converged()
  t.strictSame(await sphere.faults(), [])
})
