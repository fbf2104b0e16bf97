/** Two versions in one sphere: an older server relays and defers unknown changes, and applies them after its upgrade. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { newDataDir } from '../support/data-dir.js'
import { freePort } from '../support/free-port.js'
import { newerPrograms } from '../support/newer-program.js'
import { sha256 } from '../support/person.js'
import { programOf, ServerProcess } from '../support/server-process.js'
import { until } from '../support/until.js'

type Name = 'grand' | 'eu' | 'us' | 'ap'

const OPERATOR_TOKEN = 'the-operator-of-all-servers'

/** A grand and regionals as processes, each of which can be restarted with the newer program. */
async function openSphere(t: Test, newer: Record<'regional' | 'grand', string>) {
  const root = await newDataDir(t)
  const CERTS_DIR = join(root, 'certs')
  await ensureCertificates(CERTS_DIR, { names: ['grand', 'eu', 'us', 'ap'], now: new Date() })
  const port = await freePort()
  const servers = new Map<Name, ServerProcess>()
  const dataDir = (name: Name) => join(root, name)
  const start = async (name: Name, version: 'older' | 'newer') => {
    mkdirSync(dataDir(name), { recursive: true })
    const kind = name === 'grand' ? 'grand' : 'regional'
    const own =
      kind === 'grand' ? { PORT: String(port) } : { GRAND_URL: `https://127.0.0.1:${port}`, OPERATOR_TOKEN }
    const env = { NAME: name, DATA_DIR: dataDir(name), CERTS_DIR, ...own }
    const server = new ServerProcess(env, version === 'newer' ? newer[kind] : programOf(kind))
    t.teardown(() => server.kill())
    servers.set(name, await server.serves())
  }
  const stop = async (name: Name) => {
    const server = servers.get(name) as ServerProcess
    server.signal('SIGTERM')
    t.equal(await server.end(), 0, `${name} ends`)
  }
  const rows = (name: Name, sql: string) => {
    const db = new BetterSqlite3(join(dataDir(name), name === 'grand' ? 'grand.db' : 'regional.db'))
    try {
      return db.prepare(sql).all() as Record<string, unknown>[]
    } finally {
      db.close()
    }
  }
  const status = async (name: Name) => {
    const response = await fetch(`${servers.get(name)?.url}/sync/status?digest=true`, {
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    })
    return (await response.json()) as Record<string, unknown>
  }
  const person = (name: Name) => {
    const alice = (servers.get(name) as ServerProcess).person('alice')
    t.teardown(() => alice.close())
    return alice
  }
  return {
    start,
    stop,
    rows,
    status,
    person,
    wipe: (name: Name) => rmSync(dataDir(name), { recursive: true }),
    async upgrade(name: Name) {
      await stop(name)
      await start(name, 'newer')
    },
    /** Waits until all have the same merged state, and asserts that none defers a change. */
    async assertConverged(...names: Name[]) {
      await until('all digests are equal', async () => {
        const all = await Promise.all(names.map(status))
        const [first] = all
        return all.every(
          ({ state_digest, unacknowledged, dead_letters }) =>
            state_digest === first?.['state_digest'] && unacknowledged === 0 && dead_letters === 0,
        )
      })
      for (const name of names) t.same(rows(name, 'select * from deferred'), [], `${name} defers nothing`)
    },
  }
}

const UNKNOWN =
  "select json_extract(change, '$.type') as type from deferred where reason = 'unknown' order by 1"

t.test('Servers of two versions converge, in whatever order they are upgraded', async (t) => {
  const newer = await newerPrograms(t)
  for (const order of [
    ['eu', 'grand', 'us'],
    ['grand', 'eu', 'us'],
  ] as const) {
    await t.test(`Upgrading ${order.join(', then ')} converges`, async (t) => {
      const sphere = await openSphere(t, newer)
      for (const name of ['grand', 'eu', 'us'] as const) await sphere.start(name, 'older')
      const bytes = Buffer.from('a picture of the sea')
      const alice = sphere.person('eu')
      await alice.register()
      await alice.logIn()
      const { id } = await alice.put(bytes, { name: 'old.txt' })
      await sphere.assertConverged('eu', 'us')

      const upToEu = order.indexOf('eu') + 1
      for (const name of order.slice(0, upToEu)) await sphere.upgrade(name)
      const renaming = sphere.person('eu')
      await renaming.logIn()
      t.equal((await renaming.ask('PATCH', `/files/${id}`, { json: { name: 'new.txt' } })).status, 200)
      t.match(sphere.rows('eu', 'select name, remark from files'), [{ name: 'new.txt', remark: 'a remark' }])

      const reader = sphere.person('us')
      await reader.logIn()
      await until('the older regional applies the fields that it knows', async () => {
        const { json } = await reader.get(`/files/${id}`)
        return json.name === 'new.txt'
      })
      t.same(sphere.rows('us', UNKNOWN), [{ type: 'file.updated' }, { type: 'playlist.made' }])
      t.match(sphere.rows('us', "select sha256 from blob_refs where kind = 'deferred'"), [
        { sha256: sha256(bytes) },
      ])
      t.match(await sphere.status('us'), { dead_letters: 0 })

      for (const name of order.slice(upToEu)) await sphere.upgrade(name)
      await sphere.assertConverged('eu', 'us')
      const playlists = sphere.rows('eu', 'select * from playlists')
      t.match(playlists, [{ cover_sha256: sha256(bytes), cover_size: bytes.length }])
      t.same(sphere.rows('us', 'select * from playlists'), playlists)
      t.match(sphere.rows('us', 'select name, remark from files'), [{ name: 'new.txt', remark: 'a remark' }])
      t.same(sphere.rows('us', 'select kind from blob_refs order by kind'), [
        { kind: 'file' },
        { kind: 'playlist' },
      ])
    })
  }

  await t.test(
    'An older regional refills an emptied grand with the changes that it has deferred',
    async (t) => {
      const sphere = await openSphere(t, newer)
      for (const name of ['grand', 'us'] as const) await sphere.start(name, 'older')
      await sphere.start('eu', 'newer')
      const alice = sphere.person('eu')
      await alice.register()
      await alice.logIn()
      const { id } = await alice.put(Buffer.from('a picture'), { name: 'old.txt' })
      await alice.ask('PATCH', `/files/${id}`, { json: { name: 'new.txt' } })
      await until('the older regional defers the changes', () => sphere.rows('us', UNKNOWN).length === 2)

      for (const name of ['eu', 'grand'] as const) await sphere.stop(name)
      sphere.wipe('grand')
      await sphere.start('grand', 'older')
      await sphere.start('ap', 'newer')
      await until(
        'a new regional has the playlist',
        () => sphere.rows('ap', 'select * from playlists').length === 1,
      )
      t.match(sphere.rows('ap', 'select name, remark from files'), [{ name: 'new.txt', remark: 'a remark' }])
      await sphere.upgrade('us')
      await sphere.start('eu', 'newer')
      await sphere.assertConverged('eu', 'us', 'ap')
    },
  )
})
