import t, { type Test } from 'tap'
import { setRefEntry, unreferencedBlobs } from '../../src/blobs/blob-refs.js'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { firstMissingEntry, isMissing, missingAfter, missingSizes } from '../../src/blobs/missing-blobs.js'
import { Database, type Tx } from '../../src/db/engine/database.js'
import { deleteOrphans } from '../../src/db/regional/orphans.js'
import { applyChange } from '../../src/db/regional/replica.js'
import { sha256 } from '../support/person.js'

const AT = '2026-11-23T10:00:00.000Z'
const stamp = (n: number) => `01ba60d3380${n}-0000-eu`

const user = {
  username: 'alice',
  created_at: AT,
  storage_quota: 1000,
  disabled: false,
}

function file(owner_id: string, bytes: string) {
  return {
    owner_id,
    size: bytes.length,
    media_type: 'text/plain',
    sha256: sha256(bytes),
    created_at: AT,
    name: 'a file',
    folder: '/',
    visibility: 'private',
    modified_at: AT,
  }
}

function server(t: Test) {
  const db = Database.open(':memory:', 'regional')
  t.teardown(() => db[Symbol.asyncDispose]())
  const blobs = BlobStore.open(db, t.testdir({}))
  const upload = (tx: Tx, key: string, owner: string, bytes: string) =>
    applyChange(tx, { type: 'file.uploaded', key, fields: file(owner, bytes), stamp: stamp(1) })
  const remove = (tx: Tx, type: 'file.deleted' | 'user.deleted', key: string) =>
    applyChange(tx, { type, key, fields: { deleted: true }, stamp: stamp(4) })
  const store = (tx: Tx, bytes: string) =>
    blobs.store(tx, { sha256: sha256(bytes), size: bytes.length, content: Buffer.from(bytes) }, new Date(AT))
  const missing = () => missingAfter(db, undefined, 10).map((blob) => blob.sha256)
  return { db, upload, remove, store, missing }
}

t.test('a blob is missing while a live row references it and it is not stored', async (t) => {
  const { db, upload, remove, store, missing } = server(t)
  const [own, shared] = [sha256('own'), sha256('shared')]
  await db.write((tx) => {
    upload(tx, '1', 'alice', 'own')
    upload(tx, '2', 'alice', 'shared')
    upload(tx, '3', 'bob', 'shared')
  })
  t.same(missing().sort(), [own, shared].sort())
  await db.write((tx) => remove(tx, 'file.deleted', '2'))
  t.same(missing().sort(), [own, shared].sort(), 'the other file still references it')
  await db.write((tx) => remove(tx, 'file.deleted', '3'))
  t.same(missing(), [own])
  await db.write((tx) => store(tx, 'own'))
  t.same(missing(), [], 'a stored blob is not missing')
})

t.test('a stored blob is not missing, also when another row references it', async (t) => {
  const { db, upload, store, missing } = server(t)
  await db.write((tx) => {
    store(tx, 'here')
    upload(tx, '1', 'alice', 'here')
  })
  t.same(missing(), [])
})

t.test('the first log entry that references a missing blob bounds the watermark', async (t) => {
  const { db, upload, remove } = server(t)
  const blob = { sha256: sha256('bytes'), size: 5 }
  await db.write((tx) => {
    for (const key of ['1', '2', '3']) upload(tx, key, 'alice', 'bytes')
  })
  t.equal(firstMissingEntry(db), 0, 'no entry is known yet')
  await db.write((tx) => {
    setRefEntry(tx, { kind: 'file', key: '2' }, blob, 9)
    setRefEntry(tx, { kind: 'file', key: '1' }, blob, 7)
    setRefEntry(tx, { kind: 'file', key: '1' }, blob, 12)
  })
  t.equal(firstMissingEntry(db), 7, 'the first one counts')
  await db.write((tx) => remove(tx, 'file.deleted', '1'))
  t.equal(firstMissingEntry(db), 9, 'without the row that referenced it first')
})

t.test('two sizes under one hash are both missing until the true one arrives', async (t) => {
  const { db, upload, store } = server(t)
  const hash = sha256('true')
  await db.write((tx) => {
    applyChange(tx, {
      type: 'file.uploaded',
      key: '1',
      fields: { ...file('eve', 'true'), size: 3 },
      stamp: stamp(1),
    })
    upload(tx, '2', 'alice', 'true')
  })
  t.same(missingSizes(db, hash).sort(), [3, 4])
  await db.write((tx) => store(tx, 'true'))
  t.notOk(isMissing(db, hash))
})

t.test('a row created twice references the blob of the earlier creation', async (t) => {
  const { db, upload, missing } = server(t)
  await db.write((tx) => {
    upload(tx, '1', 'alice', 'later')
    const fields = file('alice', 'earlier')
    applyChange(tx, { type: 'file.uploaded', key: '1', fields, stamp: stamp(0) })
  })
  t.same(missing(), [sha256('earlier')])
})

t.test(
  'a blob referenced by a deleted account alone is not missing, in whatever order the changes arrive',
  async (t) => {
    for (const first of ['upload', 'deletion']) {
      const { db, upload, remove, missing } = server(t)
      await db.write((tx) => {
        applyChange(tx, { type: 'user.registered', key: 'alice', fields: user, stamp: stamp(1) })
        if (first === 'upload') upload(tx, '1', 'alice', 'own')
        upload(tx, '2', 'bob', 'shared')
        upload(tx, '3', 'alice', 'shared')
        remove(tx, 'user.deleted', 'alice')
        if (first === 'deletion') upload(tx, '1', 'alice', 'own')
      })
      t.same(missing(), [sha256('shared')], first)
    }
  },
)

t.test('files of a deleted account and their blobs are removed in batches', async (t) => {
  const { db, upload, remove, store } = server(t)
  await db.write((tx) => {
    applyChange(tx, { type: 'user.registered', key: 'alice', fields: user, stamp: stamp(1) })
    for (let i = 0; i < 650; i += 1) upload(tx, `alice ${i}`, 'alice', `${i} of alice`)
    upload(tx, 'alice', 'alice', 'of both')
    upload(tx, 'bob', 'bob', 'of both')
    store(tx, '7 of alice')
    remove(tx, 'user.deleted', 'alice')
  })
  let count = 0
  for (let after = ''; ; ) {
    const step = await db.write((tx) => deleteOrphans(tx, after, { accounts: 10, rows: 100 }))
    if (step === undefined) break
    t.ok(step.count <= 100)
    count += step.count
    after = step.last
  }
  t.equal(count, 651)
  t.same(
    missingAfter(db, undefined, 10).map((blob) => blob.sha256),
    [sha256('of both')],
    "the blob that bob's file references is still missing",
  )
  const [stored] = db.all(unreferencedBlobs, { before: '2027', after: '', limit: 10 })
  t.match(stored, { sha256: sha256('7 of alice'), unreferenced: 1 }, 'garbage collection may take it')
  const row = db.get({
    sql: "select name, media_type, name_folded from files where id = 'alice 3'",
    parameters: [],
  })
  t.same(row, { name: '', media_type: '', name_folded: '' }, 'the erased fields are those that are declared')
})
