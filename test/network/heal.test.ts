import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

/** Some of everything, by one person on one regional. */
async function busy(person: Person, prefix: string, files = 6): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < files; i += 1) {
    const bytes = randomBytes(i % 3 === 0 ? 100_000 : 500)
    ids.push((await person.put(bytes, { name: `${prefix}-${i}.bin` })).id)
  }
  await person.patch(`/files/${ids[0]}`, { name: `${prefix}-renamed.bin` })
  await person.delete(`/files/${ids[1]}`)
  return ids
}

async function whole(t: Test, sphere: TestSphere, ...names: string[]): Promise<void> {
  await sphere.converged()
  await sphere.haveAllBlobs(...names)
  t.strictSame(await sphere.faults(), [])
}

t.test('a regional that was away catches up with all it missed', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  sphere.link('us').cut()
  await until('us notices', async () => (await sphere.status('us')).connected === false)
  await busy(alice, 'while us was away', 12)
  const carol = await sphere.regional('us').person('carol')
  await busy(carol, 'us alone')
  sphere.link('us').restore()
  await whole(t, sphere, 'eu', 'us')
  t.equal((await sphere.at('us', alice).get('/files')).json.items.length, 11)
})

t.test('a regional that is new and empty gets everything', async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const alice = await sphere.regional('eu').person('alice')
  await busy(alice, 'old')
  await sphere.add('ap')
  await whole(t, sphere, 'eu', 'ap')
  t.equal((await sphere.at('ap', alice).get('/files')).json.items.length, 5)
})

t.test('two regionals that were cut off from each other and both busy end with the same', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us', 'ap'])
  const alice = await sphere.regional('eu').person('alice')
  const shared = await alice.put('x', { name: 'shared.txt' })
  await sphere.converged()
  sphere.link('eu').cut()
  sphere.link('us').cut()
  await busy(alice, 'eu')
  await busy(sphere.at('us', alice), 'us')
  await alice.patch(`/files/${shared.id}`, { name: 'renamed on eu.txt' })
  await sphere.at('us', alice).patch(`/files/${shared.id}`, { folder: '/moved-on-us' })
  sphere.link('eu').restore()
  sphere.link('us').restore()
  await whole(t, sphere, 'eu', 'us', 'ap')
  const file = (await sphere.at('ap', alice).get(`/files/${shared.id}`)).json
  t.match(
    file,
    { name: 'renamed on eu.txt', folder: '/moved-on-us' },
    'changes of different fields both stand',
  )
})

t.test('a regional that swallows packets is found out in seconds', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  sphere.link('eu').freeze()
  await busy(alice, 'frozen')
  await until('eu notices', async () => (await sphere.status('eu')).connected === false)
  sphere.link('eu').restore()
  await whole(t, sphere, 'eu', 'us')
})

t.test('a regional that was killed and its grand that was restarted go on where they were', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await busy(alice, 'before')
  await sphere.stopGrand()
  await busy(alice, 'without the grand')
  await sphere.regional('eu').restart()
  await sphere.startGrand()
  await whole(t, sphere, 'eu', 'us')
})

t.test(
  'a regional restored from an old backup gets its later changes back and loses no new one',
  async (t) => {
    for (const [much, title] of [
      [1, 'fewer new changes than it lost'],
      [12, 'more new changes than it lost'],
    ] as const) {
      await t.test(title, async (t) => {
        const sphere = await TestSphere.open(t, ['eu', 'us'])
        const eu = sphere.regional('eu')
        const alice = await eu.person('alice')
        await busy(alice, 'in the backup')
        await sphere.converged()
        await eu.stop()
        const backup = await sphere.backup(eu.dataDir)
        await eu.open()
        await sphere.connected('eu')
        const lost = await busy(alice, 'after the backup')
        await sphere.converged()
        await sphere.haveAllBlobs('us')
        await eu.stop()
        await sphere.restoreBackup(backup, eu.dataDir)
        sphere.link('eu').cut()
        await eu.open()
        const made = await busy(alice, 'after the restore', much + 2)
        sphere.link('eu').restore()
        await whole(t, sphere, 'eu', 'us')
        for (const id of [lost[0], lost[2], made[0]]) {
          t.equal((await alice.get(`/files/${id}`)).status, 200)
          t.equal((await sphere.at('us', alice).get(`/download/${id}`)).status, 200)
        }
      })
    }
  },
)

t.test('a grand that was wiped is filled again by the regionals, bytes too', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  const bob = await sphere.regional('us').person('bob')
  await busy(alice, 'eu')
  await busy(bob, 'us')
  await sphere.converged()
  await alice.befriend(sphere.at('eu', bob))
  await sphere.haveAllBlobs('eu', 'us')
  await sphere.converged()
  await sphere.stopGrand()
  await busy(alice, 'meanwhile')
  await sphere.wipeGrand()
  await sphere.startGrand()
  await whole(t, sphere, 'eu', 'us')
  await sphere.add('ap')
  await whole(t, sphere, 'ap')
})

t.test('a grand restored from an old backup gets back what it had acknowledged since', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await busy(alice, 'before')
  await sphere.converged()
  await sphere.stopGrand()
  const backup = await sphere.backup(sphere.grandDir)
  await sphere.startGrand()
  await sphere.connected('eu', 'us')
  await busy(alice, 'after the backup')
  const bob = await sphere.regional('us').person('bob')
  await busy(bob, 'us after the backup')
  await sphere.converged()
  await sphere.haveAllBlobs('eu', 'us')
  await sphere.stopGrand()
  await sphere.restoreBackup(backup, sphere.grandDir)
  await sphere.startGrand()
  await whole(t, sphere, 'eu', 'us')
  await sphere.add('ap')
  await whole(t, sphere, 'ap')
})

t.test('a clock that is an hour wrong is set right, and what it stamped too', async (t) => {
  for (const hours of [1, -1]) {
    await t.test(`${hours} hour`, async (t) => {
      const sphere = await TestSphere.open(t, ['eu', 'us'])
      const alice = await sphere.regional('eu').person('alice')
      const file = await alice.put('x', { name: 'first.txt' })
      await sphere.converged()
      sphere.link('eu').cut()
      sphere.regional('eu').pass(hours * 3600 * 1000)
      await alice.patch(`/files/${file.id}`, { name: 'by the wrong clock.txt' })
      const carol = await sphere.regional('eu').person('carol')
      await busy(carol, 'wrong clock')
      sphere.link('eu').restore()
      await whole(t, sphere, 'eu', 'us')
      await sphere.at('us', alice).patch(`/files/${file.id}`, { name: 'last.txt' })
      await whole(t, sphere, 'eu', 'us')
      t.equal((await alice.get(`/files/${file.id}`)).json.name, 'last.txt')
    })
  }
})
