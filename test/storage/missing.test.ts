import t from 'tap'
import { Database } from '../../src/storage/database.js'
import { addMissing, isNamed, missingAfter, noteLost } from '../../src/storage/missing.js'
import { applyChange } from '../../src/storage/replica.js'
import { sha256 } from '../support/person.js'

const AT = '2026-11-23T10:00:00.000Z'
const stamp = (n: number) => `01ba60d3380${n}-0000-eu`

const user = {
  username: 'alice',
  created_at: AT,
  email: 'alice@example.com',
  password_hash: 'x',
  storage_quota: 1000,
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

t.test('bytes are missing as long as a live file names them', async (t) => {
  await using db = Database.open(':memory:', 'regional')
  const missing = () => missingAfter(db, undefined, 10).map(({ sha256: hash }) => hash)
  const [own, shared] = [sha256('own'), sha256('shared')]
  await db.write((tx) => {
    const upload = (key: string, owner: string, bytes: string) =>
      applyChange(tx, { type: 'file.uploaded', key, fields: file(owner, bytes), stamp: stamp(1) })
    upload('1', 'alice', 'own')
    upload('2', 'alice', 'shared')
    upload('3', 'bob', 'shared')
    for (const hash of [own, shared]) addMissing(tx, { sha256: hash, size: 1 }, 1)
  })
  t.ok(isNamed(db, own), 'also while their owner is not known yet')
  t.same(missing(), [own, shared].sort())

  await db.write((tx) => {
    applyChange(tx, { type: 'user.registered', key: 'alice', fields: user, stamp: stamp(2) })
    applyChange(tx, { type: 'file.deleted', key: '2', fields: { deleted: true }, stamp: stamp(3) })
  })
  t.same(missing(), [own, shared].sort(), 'the other file still names them')
  await db.write((tx) => {
    applyChange(tx, { type: 'user.deleted', key: 'alice', fields: { deleted: true }, stamp: stamp(4) })
  })
  t.same(missing(), [shared])
  t.notOk(isNamed(db, own))
  await db.write((tx) => {
    applyChange(tx, { type: 'file.deleted', key: '3', fields: { deleted: true }, stamp: stamp(5) })
    noteLost(tx, own, 3)
  })
  t.same(missing(), [], 'nobody misses what nobody names')
})
