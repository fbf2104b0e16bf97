import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { openTestRegional, type TestRegional } from '../support/test-regional.js'

/** Another process that holds the lock for writing, as far as SQLite can tell. */
function lock(t: Test, { dataDir }: TestRegional): () => void {
  const other = new BetterSqlite3(join(dataDir, 'regional.db'))
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  return () => void other.exec('ROLLBACK')
}

t.test('while another process holds the lock of the database, what only reads is answered', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bytes = randomBytes(200_000)
  const { id } = await alice.put(bytes)
  const unlock = lock(t, regional)
  const upload = alice.put(randomBytes(1000))
  const start = performance.now()
  for (let round = 0; round < 20; round += 1) {
    t.equal((await fetch(`${regional.url}/health`)).status, 200)
    const download = await fetch(`${regional.url}/download/${id}`, { headers: alice.headers })
    t.ok(Buffer.from(await download.arrayBuffer()).equals(bytes))
  }
  const ms = performance.now() - start
  t.ok(ms < 4000, `${Math.round(ms)} ms`)
  unlock()
  t.ok((await upload).id, 'the upload went on when the lock was let go')
})

t.test('what has to write is answered 503 when another process holds the lock for long', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put(randomBytes(1000))
  const unlock = lock(t, regional)
  const rename = () =>
    fetch(`${regional.url}/files/${id}`, {
      method: 'PATCH',
      headers: { ...alice.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'other' }),
    })
  const refused = await rename()
  t.equal(refused.status, 503)
  t.ok(Number(refused.headers.get('retry-after')) > 0)
  t.match(await refused.json(), { type: /:unavailable$/ })
  unlock()
  t.equal((await rename()).status, 200)
})
