import { randomBytes } from 'node:crypto'
import t from 'tap'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

const DAY_MS = 24 * 3600 * 1000

t.test('A server whose clock jumps two months ahead removes no session and erases no account', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'], {}, { timing: { garbageMs: 100 } })
  const eu = sphere.regional('eu')
  const [alice, bob] = [await eu.person('alice'), await eu.person('bob')]
  const { id } = await alice.put(randomBytes(100_000))
  t.equal((await alice.delete(`/files/${id}`)).status, 204)
  t.equal((await bob.delete('/me')).status, 204)
  await sphere.converged()
  eu.pass(60 * DAY_MS)
  // Blobs are this server's own affair and go by its clock. A round removes them last.
  await until('garbage is collected', () => eu.rows('select 1 from blobs').length === 0)
  t.equal(eu.rows('select 1 from sessions').length, 2)
  t.equal(eu.rows('select 1 from users where deleted = 1').length, 0)
  await sphere.converged()
  t.same(await sphere.faults(), [])
})
