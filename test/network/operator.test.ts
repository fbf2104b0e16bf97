import t from 'tap'
import { openEventStream } from '../support/event-stream.js'
import { operated } from '../support/operator.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

t.test('what the operator does with an account by command on one server counts on all', async (t) => {
  const sphere = await TestSphere.open(t)
  const on = (name: string, command: string, ...more: string[]) =>
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
  const works = async (name: string) => (await sphere.at(name, alice).get('/me')).status === 200
  const isServed = async (name: string) =>
    (await sphere.regional(name).nobody().get(`/download/${file.id}`)).status === 200

  await on('eu', 'disable')
  await until('the stream on another server has ended', () => stream.ended)
  for (const name of sphere.names) {
    await until(`the session has stopped on ${name}`, async () => !(await works(name)))
    t.notOk(await isServed(name), `${name} does not serve the public file`)
  }

  await sphere.partition('ap')
  await on('us', 'enable')
  await until('it is enabled on eu', () => works('eu'))
  t.notOk(await works('ap'), 'a server that is cut off has not heard')
  await sphere.heal()
  t.ok((await works('ap')) && (await isServed('ap')), 'until it is back')

  await on('ap', 'password')
  for (const name of sphere.names)
    await until(`the session has ended on ${name}`, async () => !(await works(name)))
  alice.password = 'a new password'
  for (const name of sphere.names) await sphere.at(name, alice).logIn()

  await on('us', 'quota', '--bytes', '1KB')
  await until('ap knows the quota', async () => /quota +1000 bytes/.test(await on('ap', 'show')))

  await on('ap', 'delete', '--yes')
  for (const name of sphere.names)
    await until(`the account is gone from ${name}`, async () => !(await isServed(name)))
  await sphere.converged()
  t.same(await sphere.faults(), [])
})

t.test(
  'of a disabling and an enabling on servers that are cut off from each other the later counts',
  async (t) => {
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
  },
)

t.test(
  'a disabled account stays disabled on a server that learns of it from a grand that was refilled',
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
