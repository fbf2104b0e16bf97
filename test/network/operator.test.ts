import t from 'tap'
import { openEventStream } from '../support/event-stream.js'
import { operated } from '../support/operator.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

t.test("An operator's account command on one server takes effect on all servers", async (t) => {
  const sphere = await TestSphere.open(t)
  const runOn = (name: string, command: string, ...more: string[]) =>
    operated(
      sphere.regional(name).config,
      ['account', command, '--username', 'alice', ...more],
      'a new password\n',
    )
  const alice = await sphere.regional('eu').person('alice')
  const file = await alice.put('for all', { visibility: 'public' })
  await sphere.converged()
  const elsewhere = sphere.at('us', alice)
  const stream = await openEventStream(t, sphere.regional('us').url, elsewhere)
  const isLoggedIn = async (name: string) => (await sphere.at(name, alice).get('/me')).status === 200
  const isServed = async (name: string) =>
    (await sphere.regional(name).nobody().get(`/download/${file.id}`)).status === 200

  await runOn('eu', 'disable')
  await until('the event stream on another server has ended', () => stream.ended)
  for (const name of sphere.names) {
    await until(`the session is invalid on ${name}`, async () => !(await isLoggedIn(name)))
    t.notOk(await isServed(name), `${name} does not serve the public file`)
  }

  await sphere.partition('ap')
  await runOn('us', 'enable')
  await until('the account is enabled on eu', () => isLoggedIn('eu'))
  t.notOk(await isLoggedIn('ap'), 'a partitioned server keeps the account disabled')
  await sphere.heal()
  t.ok((await isLoggedIn('ap')) && (await isServed('ap')), 'the account is enabled after the heal')

  await runOn('ap', 'password')
  for (const name of sphere.names)
    await until(`the session has ended on ${name}`, async () => !(await isLoggedIn(name)))
  alice.password = 'a new password'
  for (const name of sphere.names) await sphere.at(name, alice).logIn()

  await runOn('us', 'quota', '--bytes', '1KB')
  await until('ap has applied the quota', async () => /quota +1000 bytes/.test(await runOn('ap', 'show')))

  await runOn('ap', 'delete', '--yes')
  for (const name of sphere.names)
    await until(`the account is gone from ${name}`, async () => !(await isServed(name)))
  await sphere.converged()
  t.same(await sphere.faults(), [])
})

t.test('The later of disabling and enabling an account on partitioned servers wins', async (t) => {
  const sphere = await TestSphere.open(t)
  const on = (name: string, command: string) =>
    operated(sphere.regional(name).config, ['account', command, '--username', 'alice'])
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  for (const [last, status] of [
    ['enable', 200],
    ['disable', 401],
  ] as const) {
    await sphere.partition('eu', 'us')
    await on('eu', last === 'enable' ? 'disable' : 'enable')
    await on('us', last)
    await sphere.heal()
    for (const [name, person] of sphere.everywhere(alice))
      t.equal((await person.get('/me')).status, status, `${last} on ${name}`)
  }
})

t.test(
  'A disabled account stays disabled on a regional that joins after the grand was refilled',
  async (t) => {
    const sphere = await TestSphere.open(t, ['eu', 'us'])
    const alice = await sphere.regional('eu').person('alice')
    await operated(sphere.regional('eu').config, ['account', 'disable', '--username', 'alice'])
    await sphere.converged()
    await sphere.stopGrand()
    await sphere.wipeGrand()
    await sphere.startGrand()
    await sphere.connected('eu', 'us')
    const late = await sphere.add('ap')
    await sphere.connected('ap')
    await sphere.converged()
    t.equal((await sphere.at('ap', alice).get('/me')).outcome, '401 unauthenticated')
    t.match(await operated(late.config, ['account', 'show', '--username', 'alice']), /state +disabled/)
  },
)
