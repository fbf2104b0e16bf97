import t, { type Test } from 'tap'
import { operated } from '../support/operator.js'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'

const DAY_MS = 24 * 3600 * 1000
const OLD = 'the old password'
const NEW = 'the password of the owner'
const STOLEN = 'the password of the thief'

/** Logs in everywhere; returns the outcome of each server. */
async function logIns(sphere: TestSphere, identifier: string, password: string): Promise<string[]> {
  const attempts = sphere.names.map((name) =>
    sphere.regional(name).nobody().post('/login', { identifier, password }),
  )
  return (await Promise.all(attempts)).map(({ outcome }) => outcome)
}

const EVERYWHERE = (outcome: string) => [outcome, outcome, outcome]

/** An account that is known everywhere, with servers partitioned after its owner set a new password on `eu`. */
async function stolen(t: Test): Promise<{ sphere: TestSphere; owner: Person; thief: Person }> {
  const sphere = await TestSphere.open(t)
  const owner = sphere.regional('eu').stranger('alice')
  owner.password = OLD
  await owner.register()
  await owner.logIn()
  await sphere.converged()
  await sphere.partition('eu', 'us', 'ap')
  t.equal((await owner.patch('/me', { new_password: NEW, current_password: OLD })).status, 200)
  const thief = sphere.at('us', owner)
  thief.password = OLD
  return { sphere, owner, thief }
}

for (const first of ['eu', 'us'])
  t.test(
    `A password that was replaced authorises no change of password, email or token (${first} reconnects first)`,
    async (t) => {
      const { sphere, owner, thief } = await stolen(t)
      await thief.logIn()
      const early = await thief.token('write')
      const change = { new_password: STOLEN, email: 'thief@example.com', current_password: OLD }
      t.equal((await thief.patch('/me', change)).status, 200)
      const late = await thief.token('write')
      sphere.link(first).restore()
      await sphere.heal()
      t.same(await logIns(sphere, 'alice', NEW), EVERYWHERE('200'))
      t.same(await logIns(sphere, 'alice@example.com', NEW), EVERYWHERE('200'))
      t.same(await logIns(sphere, 'alice', STOLEN), EVERYWHERE('401 invalid-credentials'))
      t.same(await logIns(sphere, 'thief@example.com', STOLEN), EVERYWHERE('401 invalid-credentials'))
      t.equal((await owner.get('/me')).json.email, 'alice@example.com')
      for (const name of sphere.names)
        for (const token of [early, late]) {
          const program = sphere
            .regional(name)
            .nobody()
            .as({ authorization: `Bearer ${token}` })
          t.equal((await program.get('/me')).outcome, '401 unauthenticated')
        }
      t.equal((await thief.get('/me')).outcome, '401 unauthenticated')
      t.same((await owner.get('/tokens')).json.items, [])
      await sphere.converged()
      t.same(await sphere.faults(), [])
    },
  )

t.test('A deletion under a password that was replaced does not count, and nothing is gone', async (t) => {
  const { sphere, owner, thief } = await stolen(t)
  await thief.logIn()
  const file = await owner.put('kept', { visibility: 'public' })
  t.equal((await thief.delete('/me')).status, 204)
  t.equal((await thief.get('/me')).outcome, '401 unauthenticated')
  await sphere.heal()
  t.same(await logIns(sphere, 'alice', NEW), EVERYWHERE('200'))
  for (const name of sphere.names)
    t.equal((await sphere.regional(name).nobody().get(`/download/${file.id}`)).bytes.toString(), 'kept')
  t.equal((await owner.get('/me')).status, 200, 'the session of the owner goes on')
  await sphere.converged()
  t.same(await sphere.faults(), [])
})

t.test(
  'A server whose clock has fallen 700 days behind gives a replaced password no advantage',
  async (t) => {
    const { sphere, owner, thief } = await stolen(t)
    const us = sphere.regional('us')
    us.pass(-700 * DAY_MS)
    await us.restart()
    await thief.logIn()
    t.equal((await thief.patch('/me', { new_password: STOLEN, current_password: OLD })).status, 200)
    t.equal((await thief.delete('/me')).status, 204)
    await sphere.heal()
    t.same(await logIns(sphere, 'alice', NEW), EVERYWHERE('200'))
    t.same(await logIns(sphere, 'alice', STOLEN), EVERYWHERE('401 invalid-credentials'))
    t.equal((await owner.get('/me')).status, 200)
  },
)

t.test('A token that was made before the password changed stays valid everywhere', async (t) => {
  const sphere = await TestSphere.open(t)
  const alice = await sphere.regional('eu').person('alice')
  const token = await alice.token('write')
  await sphere.converged()
  await sphere.partition('us')
  const change = { new_password: NEW, current_password: alice.password }
  t.equal((await alice.patch('/me', change)).status, 200)
  await sphere.heal()
  for (const name of sphere.names) {
    const program = sphere
      .regional(name)
      .nobody()
      .as({ authorization: `Bearer ${token}` })
    t.equal((await program.get('/me')).status, 200)
  }
})

t.test('A password that the operator sets ends what a thief did before, on any server', async (t) => {
  const { sphere, thief } = await stolen(t)
  await thief.logIn()
  t.equal((await thief.patch('/me', { new_password: STOLEN, current_password: OLD })).status, 200)
  const { config } = sphere.regional('ap')
  await operated(config, ['account', 'password', '--username', 'alice'], 'set by the operator')
  await sphere.heal()
  t.same(await logIns(sphere, 'alice', 'set by the operator'), EVERYWHERE('200'))
  for (const password of [OLD, NEW, STOLEN])
    t.same(await logIns(sphere, 'alice', password), EVERYWHERE('401 invalid-credentials'), password)
})
