import { randomBytes } from 'node:crypto'
import t from 'tap'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

t.test('User actions on one regional take effect on all others', async (t) => {
  const sphere = await TestSphere.open(t)
  const alice = await sphere.regional('eu').person('alice')
  const bob = await sphere.regional('us').person('bob')
  const small = Buffer.from('a few bytes')
  const large = randomBytes(3 * 1024 * 1024 + 17)
  const note = await alice.put(small, { name: 'note.txt', visibility: 'friends' })
  const film = await alice.put(large, { name: 'סרט.mp4', visibility: 'friends' })
  await sphere.converged()
  await alice.befriend(sphere.at('eu', bob))
  await sphere.converged()
  await sphere.haveAllBlobs('eu', 'us', 'ap')
  for (const name of ['eu', 'us', 'ap']) {
    const there = sphere.at(name, bob)
    t.same((await there.get(`/download/${note.id}`)).bytes, small, `${name} has the small file`)
    t.same((await there.get(`/download/${film.id}`)).bytes, large, `${name} has the large file`)
    const list = await there.get('/friends/alice/files')
    t.strictSame(
      list.json.items.map((file: { name: string }) => file.name).sort(),
      ['note.txt', 'סרט.mp4'].sort(),
    )
  }
  await until('the file is stored on all servers', async () => {
    const file = (await alice.get(`/files/${film.id}`)).json
    return file.stored_on.length === 4
  })
  await sphere.at('ap', alice).delete(`/files/${film.id}`)
  await sphere.converged()
  t.equal((await bob.get(`/download/${film.id}`)).status, 404)
  t.equal((await sphere.at('us', alice).get('/me')).json.used_storage, small.length)
  await sphere.at('us', alice).post('/logout')
  await sphere.converged()
  t.equal((await alice.get('/me')).status, 401, 'a logged-out session ends on every server')
  t.strictSame(await sphere.faults(), [])
})
