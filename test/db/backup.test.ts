import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTick } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import { backupDataDir } from '../../src/db/backup.js'
import { sha256 } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

t.test('A backup contains exactly the blobs that its database references', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bytes = randomBytes(100_000)
  await alice.put(bytes)
  // A blob of an upload that has not committed its row yet.
  const arriving = randomBytes(80_000)
  const name = sha256(arriving)
  const folder = join(regional.dataDir, 'blobs', name.slice(0, 2), name.slice(2, 4))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), arriving)
  const to = join(t.testdir(), 'backup')
  t.same(await backupDataDir(regional.dataDir, to), { databases: ['regional.db'], blobs: 1 })
  t.same(readdirSync(to).sort(), ['blobs', 'regional.db'])
  const files = readdirSync(join(to, 'blobs'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  t.same(
    files.map((entry) => entry.name),
    [sha256(bytes)],
  )
  t.ok(readFileSync(join(files[0]!.parentPath, files[0]!.name)).equals(bytes))
  t.ok(readFileSync(join(folder, name)).equals(arriving), 'the blob of the unfinished upload is unchanged')
})

t.test('A backup to a path where no folder can be created fails at once', async (t) => {
  const { dataDir } = await openTestRegional(t)
  await t.rejects(backupDataDir(dataDir, '/proc/backup/x'), /\/proc/)
})

t.test('A backup of a database under constant writes finishes and is consistent', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  for (let count = 0; count < 40; count += 1) await alice.put(randomBytes(60_000))
  const to = join(t.testdir(), 'backup')
  const writer = new BetterSqlite3(join(regional.dataDir, 'regional.db'))
  t.teardown(() => writer.close())
  const put = writer.prepare("insert or replace into meta (key, value) values ('first', $n), ('last', $n)")
  let isDone = false
  const backup = backupDataDir(regional.dataDir, to).finally(() => {
    isDone = true
  })
  let writes = 0
  for (const deadline = Date.now() + 20_000; Date.now() < deadline && !isDone; writes += 1) {
    put.run({ n: String(writes) })
    await nextTick()
  }
  t.ok(isDone, `after ${writes} commits`)
  await backup
  const copy = new BetterSqlite3(join(to, 'regional.db'), { readonly: true })
  t.teardown(() => copy.close())
  const values = copy.prepare("select value from meta where key in ('first', 'last')").pluck().all()
  t.equal(values[0], values[1])
  t.equal(copy.pragma('integrity_check', { simple: true }), 'ok')
})
