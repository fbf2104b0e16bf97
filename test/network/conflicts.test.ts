import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { operated } from '../support/operator.js'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

const QUOTA = 100_000

/** Registers an account with an email that differs from its username. */
async function signUp(sphere: TestSphere, where: string, username: string, email: string): Promise<Person> {
  const person = sphere.regional(where).stranger(username)
  person.password = `the password of ${where}`
  const { password } = person
  const response = await person.post('/register', { username, email, password })
  person.id = response.json.id as string
  await person.logIn()
  return person
}

/** Returns `GET /me`, and checks that every regional returns the same. */
async function assertSameAccount(t: Test, sphere: TestSphere, person: Person) {
  const [first, ...others] = await Promise.all(
    sphere.everywhere(person).map(async ([, there]) => (await there.get('/me')).json),
  )
  for (const other of others) t.strictSame(other, first, 'every regional returns the same account')
  return first
}

/** Logs in on a regional. Returns the username that the account shows, or the outcome of the refused login. */
async function logIn(
  sphere: TestSphere,
  where: string,
  identifier: string,
  password: string,
): Promise<string> {
  const response = await sphere.regional(where).nobody().post('/login', { identifier, password })
  return response.status === 200 ? response.json.user.username : response.outcome
}

async function friendsOf(sphere: TestSphere, person: Person): Promise<string[][]> {
  return Promise.all(
    sphere
      .everywhere(person)
      .map(async ([, there]) =>
        (await there.get('/friends')).json.items.map(({ username }: Person) => username),
      ),
  )
}

async function pendingOf(sphere: TestSphere, person: Person): Promise<number> {
  const counts = await Promise.all(
    sphere
      .everywhere(person)
      .map(async ([, there]) => (await there.get('/friends/requests')).json.items.length as number),
  )
  return Math.max(...counts)
}

/** Returns whether two accounts are friends, and checks that both sides agree on every regional. */
async function areFriends(t: Test, sphere: TestSphere, a: Person, b: Person): Promise<boolean> {
  const seen = [
    ...(await friendsOf(sphere, a)).map((names) => names.includes(b.username)),
    ...(await friendsOf(sphere, b)).map((names) => names.includes(a.username)),
  ]
  t.equal(new Set(seen).size, 1, 'friendship is symmetric and the same on every regional')
  return seen[0] as boolean
}

t.test('Partitioned servers converge on one outcome of conflicting user actions', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us', 'ap'], { storageQuotaBytes: QUOTA })
  const on = (name: string, person: Person) => sphere.at(name, person)
  const pairOf = async (a: string, b: string): Promise<[Person, Person]> => {
    const both = [await sphere.regional('eu').person(a), await sphere.regional('eu').person(b)] as const
    await sphere.converged()
    return [...both]
  }

  await t.test(
    'A username registered on three servers belongs to the account that reached the log first, then to the next',
    async (t) => {
      await sphere.partition('eu', 'us', 'ap')
      const first = await signUp(sphere, 'eu', 'dana', 'first@example.com')
      const second = await signUp(sphere, 'us', 'Dana', 'second@example.com')
      const third = await signUp(sphere, 'ap', 'DANA', 'third@example.com')
      const file = await second.put('kept', { name: 'kept.txt' })
      await sphere.healInOrder('eu', 'us', 'ap')
      const shown = (person: Person) => `${person.username}~${person.id.slice(-4)}`
      t.match(await assertSameAccount(t, sphere, first), { username: 'dana', requested_username: undefined })
      t.match(await assertSameAccount(t, sphere, second), {
        username: shown(second),
        requested_username: 'Dana',
      })
      t.match(await assertSameAccount(t, sphere, third), {
        username: shown(third),
        requested_username: 'DANA',
      })
      for (const name of sphere.names) {
        t.equal((await on(name, second).get(`/download/${file.id}`)).bytes.toString(), 'kept')
        t.equal(await logIn(sphere, name, 'second@example.com', second.password), shown(second))
        t.equal(await logIn(sphere, name, shown(second).toUpperCase(), second.password), shown(second))
        t.equal(await logIn(sphere, name, 'dana', first.password), 'dana')
      }
      t.equal(await logIn(sphere, 'ap', 'dana', second.password), '401 invalid-credentials')
      const asked = await on('ap', first).post('/friends/request', { username: shown(second) })
      t.equal(asked.json.to.username, shown(second), 'the account is found by the name that it shows')
      const taken = { username: 'dana', email: 'fourth@example.com', password: first.password }
      t.equal((await sphere.regional('us').nobody().post('/register', taken)).outcome, '409 username-taken')
      await erase(sphere, 'us', first)
      await sphere.converged()
      t.match(await assertSameAccount(t, sphere, second), { username: 'Dana', requested_username: undefined })
      t.match(await assertSameAccount(t, sphere, third), { username: shown(third) })
      await erase(sphere, 'eu', second)
      await sphere.converged()
      t.match(await assertSameAccount(t, sphere, third), { username: 'DANA', requested_username: undefined })
      t.equal(await logIn(sphere, 'us', 'dana', third.password), 'DANA')
    },
  )

  await t.test(
    'An email registered on two servers belongs to the account that reached the log first; the other can choose another',
    async (t) => {
      await sphere.partition('eu', 'us')
      const erin = await signUp(sphere, 'us', 'erin', 'Shared@example.com')
      const finn = await signUp(sphere, 'eu', 'finn', 'shared@example.com')
      await sphere.healInOrder('us', 'eu')
      const shown = `shared@example.com~${finn.id.slice(-4)}`
      t.match(await assertSameAccount(t, sphere, erin), {
        email: 'Shared@example.com',
        requested_email: undefined,
      })
      t.match(await assertSameAccount(t, sphere, finn), {
        email: shown,
        requested_email: 'shared@example.com',
      })
      for (const name of sphere.names) {
        t.equal(await logIn(sphere, name, 'shared@example.com', erin.password), 'erin')
        t.equal(await logIn(sphere, name, shown, finn.password), 'finn')
        t.equal(await logIn(sphere, name, 'finn', finn.password), 'finn')
      }
      const change = { email: 'finn@example.com', current_password: finn.password }
      t.equal((await on('ap', finn).patch('/me', change)).status, 200)
      await sphere.converged()
      t.match(await assertSameAccount(t, sphere, finn), {
        email: 'finn@example.com',
        requested_email: undefined,
      })
    },
  )

  await t.test('The later of two names of a file wins, and a deleted file stays deleted', async (t) => {
    const gil = await sphere.regional('eu').person('gil')
    const [twice, renamed, shared] = await Promise.all(
      ['twice', 'renamed', 'shared'].map((name) => gil.put(name, { name })),
    )
    await sphere.converged()
    await sphere.partition('eu', 'us')
    const there = on('us', gil)
    await gil.patch(`/files/${twice?.id}`, { name: 'earlier', folder: '/from-eu' })
    await there.patch(`/files/${twice?.id}`, { name: 'later' })
    await there.delete(`/files/${renamed?.id}`)
    await gil.patch(`/files/${renamed?.id}`, { name: 'after its end' })
    await gil.delete(`/files/${shared?.id}`)
    await there.patch(`/files/${shared?.id}`, { visibility: 'public' })
    await sphere.heal()
    for (const [, seen] of sphere.everywhere(gil)) {
      t.match((await seen.get('/files')).json.items, [{ id: twice?.id, name: 'later', folder: '/from-eu' }])
      t.equal((await seen.get('/files')).json.items.length, 1)
      t.equal((await seen.get(`/download/${shared?.id}`)).status, 404)
      t.equal(await seen.usedStorage(), 'twice'.length)
    }
  })

  await t.test('Accepting one of two crossing friend requests settles both', async (t) => {
    const [ann, ben] = await pairOf('ann', 'ben')
    const [cleo, dirk] = await pairOf('cleo', 'dirk')
    await sphere.partition('eu', 'us')
    t.equal((await ann.post('/friends/request', { username: 'ben' })).status, 201)
    const crossing = await on('us', ben).post('/friends/request', { username: 'ann' })
    t.equal(crossing.status, 201)
    t.equal((await cleo.post('/friends/request', { username: 'dirk' })).status, 201)
    t.equal((await on('us', dirk).post('/friends/request', { username: 'cleo' })).status, 201)
    await sphere.heal()
    t.notOk(await areFriends(t, sphere, ann, ben))
    t.equal(await pendingOf(sphere, ann), 2)
    t.equal((await on('ap', ann).post(`/friends/accept/${crossing.json.id}`)).status, 200)
    t.match(await on('ap', cleo).post('/friends/request', { username: 'dirk' }), {
      status: 200,
      json: { status: 'accepted' },
    })
    await sphere.converged()
    for (const [one, other] of [[ann, ben] as const, [cleo, dirk] as const]) {
      t.ok(await areFriends(t, sphere, one, other))
      t.equal((await pendingOf(sphere, one)) + (await pendingOf(sphere, other)), 0)
    }
  })

  await t.test(
    'A crossing request ends with the acceptance of the other one, and makes no friends after the friendship ends',
    async (t) => {
      const [eve, fay] = await pairOf('eve', 'fay')
      await sphere.partition('us')
      const stale = await on('us', fay).post('/friends/request', { username: 'eve' })
      await eve.befriend(fay)
      await sphere.heal()
      t.ok(await areFriends(t, sphere, eve, fay))
      t.equal(await pendingOf(sphere, fay), 0)
      t.equal((await on('ap', eve).delete('/friends/fay')).status, 204)
      await sphere.converged()
      t.equal(await pendingOf(sphere, fay), 0)
      t.equal((await on('us', eve).post(`/friends/accept/${stale.json.id}`)).outcome, '409 not-pending')
      t.notOk(await areFriends(t, sphere, eve, fay))
      await on('us', eve).befriend(on('us', fay))
      await sphere.converged()
      t.ok(await areFriends(t, sphere, eve, fay))
    },
  )

  await t.test('The later of accepting and cancelling a friend request wins', async (t) => {
    const [gus, hal] = await pairOf('gus', 'hal')
    const [ida, jan] = await pairOf('ida', 'jan')
    const asked = async (from: Person, to: Person) =>
      (await from.post('/friends/request', { username: to.username })).json.id as string
    const [gusAsked, idaAsked] = [await asked(gus, hal), await asked(ida, jan)]
    await sphere.converged()
    await sphere.partition('eu', 'us')
    t.equal((await gus.delete(`/friends/request/${gusAsked}`)).status, 204)
    t.equal((await on('us', hal).post(`/friends/accept/${gusAsked}`)).status, 200)
    t.equal((await on('us', jan).post(`/friends/accept/${idaAsked}`)).status, 200)
    t.equal((await ida.delete(`/friends/request/${idaAsked}`)).status, 204)
    await sphere.heal()
    t.ok(await areFriends(t, sphere, gus, hal))
    t.notOk(await areFriends(t, sphere, ida, jan))
    for (const person of [gus, hal, ida, jan]) t.equal(await pendingOf(sphere, person), 0)
  })

  await t.test('The later of accepting a request and removing the friend wins', async (t) => {
    const [kim, lou] = await pairOf('kim', 'lou')
    const [max, nia] = await pairOf('max', 'nia')
    const asked = [
      (await kim.post('/friends/request', { username: 'lou' })).json.id,
      (await max.post('/friends/request', { username: 'nia' })).json.id,
    ]
    await sphere.converged()
    await sphere.partition('eu', 'us')
    await lou.post(`/friends/accept/${asked[0]}`)
    await nia.post(`/friends/accept/${asked[1]}`)
    t.equal((await kim.delete('/friends/lou')).status, 204)
    t.equal((await on('us', lou).post(`/friends/accept/${asked[0]}`)).status, 200)
    t.equal((await on('us', nia).post(`/friends/accept/${asked[1]}`)).status, 200)
    t.equal((await max.delete('/friends/nia')).status, 204)
    await sphere.heal()
    t.ok(await areFriends(t, sphere, kim, lou))
    t.notOk(await areFriends(t, sphere, max, nia))
  })

  await t.test(
    'Of two new passwords only the earlier one, and the sessions opened with it, stay valid',
    async (t) => {
      const olga = await sphere.regional('eu').person('olga')
      const before = olga.password
      await sphere.converged()
      await sphere.partition('eu', 'us')
      const there = sphere.regional('us').stranger('olga')
      await there.logIn()
      const setPassword = (person: Person, new_password: string) =>
        person.patch('/me', { new_password, current_password: before })
      t.equal((await setPassword(olga, 'the earlier password')).status, 200)
      t.equal((await setPassword(there, 'the later password')).status, 200)
      const loser = sphere.regional('us').stranger('olga')
      loser.password = 'the later password'
      await loser.logIn()
      await sphere.heal()
      for (const name of sphere.names) {
        t.equal(await logIn(sphere, name, 'olga', 'the earlier password'), 'olga')
        t.equal(await logIn(sphere, name, 'olga', 'the later password'), '401 invalid-credentials')
        t.equal(await logIn(sphere, name, 'olga', before), '401 invalid-credentials')
        t.equal((await on(name, olga).get('/me')).status, 200)
        t.equal(
          (await on(name, there).get('/me')).status,
          401,
          'the session that set the later password has ended',
        )
        t.equal((await on(name, loser).get('/me')).status, 401)
      }
    },
  )

  await t.test(
    'A quota exceeded by uploads on two servers refuses new uploads and keeps the stored files',
    async (t) => {
      const pia = await sphere.regional('eu').person('pia')
      await sphere.converged()
      await sphere.partition('eu', 'us')
      const bytes = [randomBytes(70_000), randomBytes(69_000)] as const
      const files = [await pia.put(bytes[0]), await on('us', pia).put(bytes[1])] as const
      await sphere.heal()
      await sphere.haveAllBlobs(...sphere.names)
      for (const [, there] of sphere.everywhere(pia)) {
        t.equal(await there.usedStorage(), 139_000)
        t.equal((await there.upload('x')).outcome, '507 quota-exceeded')
        for (const [i, file] of files.entries()) {
          t.ok((await there.get(`/download/${file.id}`)).bytes.equals(bytes[i] as Buffer))
        }
      }
      await on('ap', pia).delete(`/files/${files[0].id}`)
      await sphere.converged()
      t.equal((await pia.upload('x')).status, 201, 'an upload fits the quota again')
    },
  )

  await sphere.converged()
  t.strictSame(await sphere.faults(), [])
})

/**
 * The regional that reconnects first decides which blobs the grand has accepted: a small blob arrives with its change.
 */
const FIRST_TO_RECONNECT = [
  { first: 'eu', until: 'select 1 from users where deleted = 1', rows: 1, collected: 1 },
  { first: 'us', until: 'select 1 from blobs', rows: 2, collected: 2 },
]

for (const { first, until: awaited, rows, collected } of FIRST_TO_RECONNECT)
  t.test(
    `Files uploaded to an account that another server deleted are removed everywhere (${first} reconnects first)`,
    async (t) => {
      const sphere = await TestSphere.open(t, ['eu', 'us', 'ap'], {}, { timing: { garbageMs: 300 } })
      const rosa = await sphere.regional('eu').person('rosa')
      const sam = await sphere.regional('us').person('sam')
      await sphere.converged()
      await rosa.befriend(sphere.at('eu', sam))
      await sphere.converged()
      await sphere.partition('eu', 'us')
      await erase(sphere, 'eu', rosa)
      const there = sphere.at('us', rosa)
      const large = await there.put(randomBytes(200_000), { visibility: 'public' })
      const small = await there.put('small', { visibility: 'public' })
      sphere.link(first).restore()
      await until(
        `ap has applied the changes of ${first}`,
        () => sphere.regional('ap').rows(awaited).length === rows,
      )
      await sphere.heal()
      for (const name of sphere.names) {
        const nobody = sphere.regional(name).nobody()
        for (const { id } of [large, small]) t.equal((await nobody.get(`/download/${id}`)).status, 404)
        t.equal((await sphere.at(name, rosa).get('/me')).status, 401)
        t.equal(await logIn(sphere, name, 'rosa', rosa.password), '401 invalid-credentials')
        t.strictSame((await sphere.at(name, sam).get('/friends')).json.items, [])
        await until(`no blob is missing on ${name}`, () => isEmpty(sphere, name, 'missing'))
      }
      for (const name of sphere.names) sphere.regional(name).pass(25 * 3600 * 1000)
      for (const name of sphere.names)
        await until(`${name} stores no blob`, () => isEmpty(sphere, name, 'blobs'))
      t.equal((await sphere.collectGrandGarbage(Date.now() + 25 * 3600 * 1000)).blobs, collected)
      await sphere.converged()
      t.strictSame(await sphere.faults(), [])
    },
  )

function isEmpty(sphere: TestSphere, name: string, table: string): boolean {
  return sphere.regional(name).rows(`select 1 from ${table}`).length === 0
}

/** Erases an account at once, as the operator of a server. */
async function erase(sphere: TestSphere, server: string, { id }: Person): Promise<void> {
  const [row] = sphere
    .regional(server)
    .rows<{ login: string }>('select username_login as login from users where id = ?', id)
  const { config } = sphere.regional(server)
  await operated(config, ['account', 'delete', '--username', String(row?.login), '--yes', '--now'])
}
