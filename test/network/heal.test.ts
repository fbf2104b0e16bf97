import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Person } from '../support/person.js'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'

/** Performs some user actions of each kind as one person on one regional; returns the ids of the files. */
async function performActions(person: Person, prefix: string, files = 6): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < files; i += 1) {
    const bytes = randomBytes(i % 3 === 0 ? 100_000 : 500)
    ids.push((await person.put(bytes, { name: `${prefix}-${i}.bin` })).id)
  }
  await person.patch(`/files/${ids[0]}`, { name: `${prefix}-renamed.bin` })
  await person.delete(`/files/${ids[1]}`)
  return ids
}

async function assertHealed(t: Test, sphere: TestSphere, ...names: string[]): Promise<void> {
  await sphere.converged()
  await sphere.haveAllBlobs(...names)
  t.strictSame(await sphere.faults(), [])
}

t.test('A regional that was partitioned catches up with every change it missed', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  sphere.link('us').cut()
  await until('us notices the partition', async () => (await sphere.status('us')).connected === false)
  await performActions(alice, 'while us was away', 12)
  const carol = await sphere.regional('us').person('carol')
  await performActions(carol, 'us alone')
  sphere.link('us').restore()
  await assertHealed(t, sphere, 'eu', 'us')
  t.equal((await sphere.at('us', alice).get('/files')).json.items.length, 11)
})

t.test('An empty regional that joins receives the whole state', async (t) => {
  const sphere = await TestSphere.open(t, ['eu'])
  const alice = await sphere.regional('eu').person('alice')
  await performActions(alice, 'old')
  await sphere.add('ap')
  await assertHealed(t, sphere, 'eu', 'ap')
  t.equal((await sphere.at('ap', alice).get('/files')).json.items.length, 5)
})

t.test('Two partitioned regionals with concurrent user actions converge after the heal', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us', 'ap'])
  const alice = await sphere.regional('eu').person('alice')
  const shared = await alice.put('x', { name: 'shared.txt' })
  await sphere.converged()
  sphere.link('eu').cut()
  sphere.link('us').cut()
  await performActions(alice, 'eu')
  await performActions(sphere.at('us', alice), 'us')
  await alice.patch(`/files/${shared.id}`, { name: 'renamed on eu.txt' })
  await sphere.at('us', alice).patch(`/files/${shared.id}`, { folder: '/moved-on-us' })
  sphere.link('eu').restore()
  sphere.link('us').restore()
  await assertHealed(t, sphere, 'eu', 'us', 'ap')
  const file = (await sphere.at('ap', alice).get(`/files/${shared.id}`)).json
  t.match(
    file,
    { name: 'renamed on eu.txt', folder: '/moved-on-us' },
    'concurrent changes of different fields are both kept',
  )
})

t.test('A link that drops packets silently is detected within seconds', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await sphere.converged()
  sphere.link('eu').freeze()
  await performActions(alice, 'frozen')
  await until('eu notices the dead link', async () => (await sphere.status('eu')).connected === false)
  sphere.link('eu').restore()
  await assertHealed(t, sphere, 'eu', 'us')
})

t.test('A restarted regional and a restarted grand resume replication at their last positions', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  await performActions(alice, 'before')
  await sphere.stopGrand()
  await performActions(alice, 'without the grand')
  await sphere.regional('eu').restart()
  await sphere.startGrand()
  await assertHealed(t, sphere, 'eu', 'us')
})

t.test(
  'A regional restored from an old backup receives its lost changes and keeps its new ones',
  async (t) => {
    for (const [newFiles, title] of [
      [1, 'fewer new changes than it lost'],
      [12, 'more new changes than it lost'],
    ] as const) {
      await t.test(title, async (t) => {
        const sphere = await TestSphere.open(t, ['eu', 'us'])
        const eu = sphere.regional('eu')
        const alice = await eu.person('alice')
        await performActions(alice, 'in the backup')
        await sphere.converged()
        await eu.stop()
        const backup = await sphere.backup(eu.dataDir)
        await eu.open()
        await sphere.connected('eu')
        const lost = await performActions(alice, 'after the backup')
        await sphere.converged()
        await sphere.haveAllBlobs('us')
        await eu.stop()
        await sphere.restoreBackup(backup, eu.dataDir)
        sphere.link('eu').cut()
        await eu.open()
        const newIds = await performActions(alice, 'after the restore', newFiles + 2)
        sphere.link('eu').restore()
        await assertHealed(t, sphere, 'eu', 'us')
        for (const id of [lost[0], lost[2], newIds[0]]) {
          t.equal((await alice.get(`/files/${id}`)).status, 200)
          t.equal((await sphere.at('us', alice).get(`/download/${id}`)).status, 200)
        }
      })
    }
  },
)

t.test('A wiped grand is refilled by the regionals, blobs included', async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const alice = await sphere.regional('eu').person('alice')
  const bob = await sphere.regional('us').person('bob')
  await performActions(alice, 'eu')
  await performActions(bob, 'us')
  await sphere.converged()
  await alice.befriend(sphere.at('eu', bob))
  await sphere.haveAllBlobs('eu', 'us')
  await sphere.converged()
  await sphere.stopGrand()
  await performActions(alice, 'meanwhile')
  await sphere.wipeGrand()
  await sphere.startGrand()
  await assertHealed(t, sphere, 'eu', 'us')
  await sphere.add('ap')
  await assertHealed(t, sphere, 'ap')
})

t.test(
  'A grand restored from an old backup receives again the changes it had acknowledged since',
  async (t) => {
    const sphere = await TestSphere.open(t, ['eu', 'us'])
    const alice = await sphere.regional('eu').person('alice')
    await performActions(alice, 'before')
    await sphere.converged()
    await sphere.stopGrand()
    const backup = await sphere.backup(sphere.grandDir)
    await sphere.startGrand()
    await sphere.connected('eu', 'us')
    await performActions(alice, 'after the backup')
    const bob = await sphere.regional('us').person('bob')
    await performActions(bob, 'us after the backup')
    await sphere.converged()
    await sphere.haveAllBlobs('eu', 'us')
    await sphere.stopGrand()
    await sphere.restoreBackup(backup, sphere.grandDir)
    await sphere.startGrand()
    await assertHealed(t, sphere, 'eu', 'us')
    await sphere.add('ap')
    await assertHealed(t, sphere, 'ap')
  },
)

t.test(
  'Stamps made by a clock that is an hour wrong are corrected once the regional reconnects',
  async (t) => {
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
        await performActions(carol, 'wrong clock')
        sphere.link('eu').restore()
        await assertHealed(t, sphere, 'eu', 'us')
        await sphere.at('us', alice).patch(`/files/${file.id}`, { name: 'last.txt' })
        await assertHealed(t, sphere, 'eu', 'us')
        t.equal((await alice.get(`/files/${file.id}`)).json.name, 'last.txt')
      })
    }
  },
)
