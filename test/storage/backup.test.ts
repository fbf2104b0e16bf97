import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { backupDataDir } from '../../src/storage/backup.js'
import { sha256 } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

t.test('a backup has the bytes that its database names, and no others', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bytes = randomBytes(100_000)
  await alice.put(bytes)
  // What an upload has put in its place and has no row for yet.
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
  t.ok(readFileSync(join(folder, name)).equals(arriving), 'what is arriving is left alone')
})
