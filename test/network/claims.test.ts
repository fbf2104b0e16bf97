import t from 'tap'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'

const DAY_MS = 24 * 3600 * 1000
const PASSWORD = 'correct horse battery'

/** The username and email that an account shows on each server. */
async function shownBy(sphere: TestSphere, person: Person): Promise<string[]> {
  const views = await Promise.all(
    sphere.everywhere(person).map(async ([, there]) => (await there.get('/me')).json),
  )
  return views.map(({ username, email }) => `${username} ${email}`)
}

t.test(
  'A new server whose clock was 700 days behind takes no name from an account that the log has',
  async (t) => {
    const sphere = await TestSphere.open(t, ['eu', 'us'])
    const alice = await sphere.regional('eu').person('alice')
    await sphere.converged()
    await sphere.stopGrand()
    const ap = await sphere.add('ap')
    ap.pass(-700 * DAY_MS)
    const other = await ap.person('alice')
    ap.pass(700 * DAY_MS)
    await sphere.startGrand()
    await sphere.heal()
    t.same(await shownBy(sphere, alice), Array(3).fill('alice alice@example.com'))
    const shown = sphere
      .regional('us')
      .rows('select username_shown as name from users where id = ?', other.id)
    t.same(shown, [{ name: `alice~${other.id.slice(-4)}` }])
    for (const name of sphere.names) {
      const login = await sphere
        .regional(name)
        .nobody()
        .post('/login', { identifier: 'alice', password: alice.password })
      t.equal(login.json.user?.id, alice.id, name)
    }
    await sphere.converged()
    t.same(await sphere.faults(), [])
  },
)

t.test('An email belongs to the claim that reached the log first, not to the older account', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const older = await sphere.regional('us').person('older')
  const younger = await sphere.regional('eu').person('younger')
  await sphere.converged()
  await sphere.partition('us')
  const claim = { email: 'wanted@example.com', current_password: PASSWORD }
  t.equal((await older.patch('/me', claim)).status, 200)
  t.equal((await younger.patch('/me', claim)).status, 200)
  await sphere.heal()
  t.same(await shownBy(sphere, younger), Array(2).fill('younger wanted@example.com'))
  t.same(await shownBy(sphere, older), Array(2).fill(`older wanted@example.com~${older.id.slice(-4)}`))
})

t.test('A name stays with its holder when the grand loses its log', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  await sphere.partition('eu', 'us')
  const first = await sphere.regional('us').person('dana')
  const second = await sphere.regional('eu').person('dana')
  await sphere.healInOrder('eu', 'us')
  t.same(await shownBy(sphere, second), Array(2).fill('dana dana@example.com'))
  await sphere.stopGrand()
  await sphere.wipeGrand()
  const ap = await sphere.add('ap')
  await ap.person('dana')
  await sphere.partition('eu', 'us', 'ap')
  await sphere.startGrand()
  await sphere.healInOrder('ap', 'us', 'eu')
  t.same(await shownBy(sphere, second), Array(3).fill('dana dana@example.com'))
  const id = first.id.slice(-4)
  t.same(await shownBy(sphere, first), Array(3).fill(`dana~${id} dana@example.com~${id}`))
  t.same(await sphere.faults(), [])
})
