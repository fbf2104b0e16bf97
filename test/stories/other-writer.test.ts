import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { openTestRegional, type TestRegional } from '../support/test-regional.js'

/** Takes the write lock of the database, as another process would. @returns a function that releases it */
function lock(t: Test, { dataDir }: TestRegional): () => void {
  const other = new BetterSqlite3(join(dataDir, 'regional.db'))
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  return () => void other.exec('ROLLBACK')
}

t.test(
  'Requests that only read are served while another process holds the write lock, and an upload waits for it',
  async (t) => {
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
    t.ok((await upload).id, 'the upload completes once the lock is released')
  },
)

t.test(
  'A request that writes gets 503 with Retry-After while another process holds the write lock for long',
  async (t) => {
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
  },
)
