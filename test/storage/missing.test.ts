import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import type { Change, ChangeType } from '../../src/change.js'
import { BlobStore } from '../../src/storage/blobs.js'
import { buryOrphans } from '../../src/storage/cleaning.js'
import { Database } from '../../src/storage/database.js'
import { unreferencedBlobs } from '../../src/storage/files.js'
import { migrate } from '../../src/storage/migrate.js'
import {
  addMissing,
  firstMissing,
  isNamed,
  missingAfter,
  missingSize,
  noteLost,
} from '../../src/storage/missing.js'
import { applyChange } from '../../src/storage/replica.js'
import { systemTimers } from '../../src/timers.js'
import { sha256 } from '../support/person.js'

const AT = '2026-11-23T10:00:00.000Z'
const stamp = (n: number) => `01ba60d3380${n}-0000-eu`

const user = {
  username: 'alice',
  created_at: AT,
  email: 'alice@example.com',
  password_hash: 'x',
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

t.test('bytes that are here are not missing, whoever brings them', async (t) => {
  await using db = Database.open(':memory:', 'regional')
  const bytes = Buffer.from('own')
  const hash = sha256(bytes)
  const blobs = new BlobStore(db, t.testdir({}), unreferencedBlobs)
  await db.write((tx) => addMissing(tx, { sha256: hash, size: 3 }, 1))
  await db.write((tx) => blobs.keep(tx, { sha256: hash, size: 3, content: bytes }, new Date(AT)))
  t.equal(missingSize(db, hash), undefined)
})

t.test('a database in which that did not hold yet is put in order', async (t) => {
  const connection = new BetterSqlite3(':memory:')
  migrate(connection, 'regional')
  connection.exec('DROP TRIGGER blobs_add; PRAGMA user_version = 4')
  await using db = Database.on(connection, systemTimers)
  const [both, neither, ofNobody] = [sha256('both'), sha256('neither'), sha256('of nobody')]
  const blobs = new BlobStore(db, t.testdir({}), unreferencedBlobs)
  await db.write((tx) => {
    const change = (type: ChangeType, key: string, fields: Change['fields']) =>
      applyChange(tx, { type, key, fields, stamp: stamp(1) })
    change('user.registered', 'alice', user)
    change('user.registered', 'bob', { ...user, username: 'bob', email: 'bob@example.com' })
    change('user.deleted', 'bob', { deleted: true })
    for (const bytes of ['both', 'neither']) change('file.uploaded', bytes, file('alice', bytes))
    change('file.uploaded', 'of nobody', file('bob', 'of nobody'))
    blobs.keep(tx, { sha256: both, size: 4, content: Buffer.from('both') }, new Date(AT))
    addMissing(tx, { sha256: both, size: 4 }, 7)
  })
  migrate(connection, 'regional')
  t.equal(missingSize(db, both), undefined)
  t.equal(missingSize(db, neither), 7)
  t.equal(missingSize(db, ofNobody), undefined)
  t.equal(firstMissing(db), 0, 'its place in the log is not known')
})

t.test('an account of very many files goes at once, whatever is missing', async (t) => {
  for (const missingBefore of [3, 6000]) {
    await using db = Database.open(':memory:', 'regional')
    const own = sha256('5500 of alice')
    const others = sha256('of bob')
    await db.write((tx) => {
      const upload = (key: string, owner: string, bytes: string) =>
        applyChange(tx, { type: 'file.uploaded', key, fields: file(owner, bytes), stamp: stamp(1) })
      applyChange(tx, { type: 'user.registered', key: 'alice', fields: user, stamp: stamp(1) })
      for (let i = 0; i < 5500; i += 1) upload(`alice ${i}`, 'alice', `${i} of alice`)
      upload('alice', 'alice', '5500 of alice')
      upload('bob', 'bob', 'of bob')
      for (const hash of [own, others]) addMissing(tx, { sha256: hash, size: 1 }, 1)
      for (let i = 2; i < missingBefore; i += 1)
        addMissing(tx, { sha256: sha256(`${i} of carol`), size: 2 }, 1)
    })
    await db.write((tx) => {
      applyChange(tx, { type: 'user.deleted', key: 'alice', fields: { deleted: true }, stamp: stamp(2) })
    })
    const isMissing = (hash: string) => missingSize(db, hash) !== undefined
    if (missingBefore === 3) t.notOk(isMissing(own), 'little is missing: all of it is looked at')
    const limit = { accounts: 10, files: 1000 }
    let buried = 0
    for (let after = ''; ; ) {
      const some = await db.write((tx) => buryOrphans(tx, after, limit))
      if (some === undefined) break
      t.ok(some.count <= 1000)
      buried += some.count
      after = some.last
    }
    t.equal(buried, 5501)
    t.notOk(isMissing(own), 'a file that is buried misses nothing')
    t.ok(isMissing(others))
  }
})
