import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { BlobStore } from '../../src/blobs/blob-store.js'
import type { StagedBlob } from '../../src/blobs/blob-writer.js'
import { Database } from '../../src/db/engine/database.js'
import { accountServices } from '../../src/domain/account-services.js'
import { EventLog } from '../../src/domain/event-log.js'
import { collectGarbage } from '../../src/domain/garbage-collection.js'
import { Notifier } from '../../src/domain/notifier.js'
import { collect } from '../support/collect.js'
import { openEventStream } from '../support/event-stream.js'
import { sha256 } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'
import { until } from '../support/until.js'

const DAY_MS = 24 * 3600 * 1000
const INLINE = 64 * 1024
const POLICY = { storageQuotaBytes: 1000, registration: 'open' } as const
const NOW = new Date('2026-11-23T10:00:00.000Z')

async function newStore(
  t: Test,
): Promise<{ db: Database; store: BlobStore; dir: string; reopen(): BlobStore }> {
  const dir = await mkdtemp(join(tmpdir(), 'blobs-'))
  const db = Database.open(join(dir, 'regional.db'), 'regional')
  t.teardown(async () => {
    await db[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })
  const reopen = () => BlobStore.open(db, dir)
  return { db, dir, store: reopen(), reopen }
}

async function stage(store: BlobStore, bytes: Buffer, chunkBytes = 10_000) {
  const writer = store.writer()
  for (let at = 0; at < bytes.length; at += chunkBytes)
    await writer.write(bytes.subarray(at, at + chunkBytes))
  return { writer, staged: await writer.finish() }
}

async function keep(db: Database, store: BlobStore, bytes: Buffer, at = NOW): Promise<StagedBlob> {
  const { writer, staged } = await stage(store, bytes)
  await using _ = writer
  await db.write((tx) => store.store(tx, staged, at))
  return staged
}

/** A part of a blob, which is the same whether it comes through the cache or from the disk. */
async function bytesOf(
  db: Database,
  store: BlobStore,
  name: string,
  start = 0,
  end?: number,
): Promise<Buffer> {
  const last = end ?? (store.sizeOf(db, name) as number) - 1
  const [cached, direct] = await Promise.all(
    (['cache', 'disk'] as const).map(async (from) => collect(await store.slice(name, start, last, from))),
  )
  if (!direct?.equals(cached as Buffer)) throw new Error('the disk has other bytes than the cache')
  return direct
}

const filesUnder = async (dir: string) =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

t.test(
  'a small blob is stored in the database, a large one as a file, and both read back identical',
  async (t) => {
    const { db, dir, store } = await newStore(t)
    const around = (size: number) => [size - 1, size, size + 1]
    for (const size of [
      0,
      1,
      ...around(INLINE),
      ...around(2 * INLINE),
      ...around(1024 * 1024),
      ...around(3 * 1024 * 1024),
    ]) {
      const bytes = randomBytes(size)
      const { sha256: name } = await keep(db, store, bytes)
      t.equal(name, sha256(bytes))
      t.ok((await bytesOf(db, store, name)).equals(bytes), `${size} bytes`)
      t.equal(existsSync(store.pathOf(name)), size > INLINE, size > INLINE ? 'a file' : 'no file')
      if (size > 10)
        t.ok((await bytesOf(db, store, name, 3, size - 4)).equals(bytes.subarray(3, size - 3)), 'a part')
    }
    t.same(await filesUnder(join(dir, 'tmp')), [])
    t.equal(await store.slice('0'.repeat(64), 0, 0, 'cache'), undefined)
  },
)

t.test('equal content is stored once, also when it arrives concurrently', async (t) => {
  const { db, dir, store } = await newStore(t)
  const bytes = randomBytes(300_000)
  await Promise.all(Array.from({ length: 8 }, () => keep(db, store, bytes)))
  t.equal((await filesUnder(join(dir, 'blobs'))).length, 1)
  t.same(await filesUnder(join(dir, 'tmp')), [])
  t.ok((await bytesOf(db, store, sha256(bytes))).equals(bytes))
})

t.test('content without a row leaves no file, unless another row has the same blob', async (t) => {
  const { db, dir, store } = await newStore(t)
  const bytes = randomBytes(300_000)
  const half = store.writer()
  await half.write(bytes)
  await half[Symbol.asyncDispose]()
  const { writer } = await stage(store, bytes)
  t.ok(existsSync(store.pathOf(sha256(bytes))), 'in its place before the transaction')
  await writer[Symbol.asyncDispose]()
  t.same(await filesUnder(dir).then((names) => names.filter((name) => !name.startsWith('regional.db'))), [])

  const [one, other] = [await stage(store, bytes), await stage(store, bytes)]
  await one.writer[Symbol.asyncDispose]()
  await db.write((tx) => store.store(tx, other.staged, NOW))
  await other.writer[Symbol.asyncDispose]()
  t.ok((await bytesOf(db, store, sha256(bytes))).equals(bytes))
  const third = await stage(store, bytes)
  await third.writer[Symbol.asyncDispose]()
  t.ok((await bytesOf(db, store, sha256(bytes))).equals(bytes), 'what was kept before stays')
  t.same(await filesUnder(join(dir, 'tmp')), [])
})

t.test('a folder that cannot be written fails the upload and leaves no file', async (t) => {
  const { dir, store } = await newStore(t)
  const bytes = randomBytes(300_000)
  const path = store.pathOf(sha256(bytes))
  await mkdir(dirname(dirname(path)), { recursive: true })
  await writeFile(dirname(path), 'a file where the folder would be')
  const writer = store.writer()
  await writer.write(bytes)
  await t.rejects(writer.finish(), { code: /ENOTDIR|EEXIST/ })
  await writer[Symbol.asyncDispose]()
  t.same(await filesUnder(join(dir, 'tmp')), [])
  await rm(dirname(path))
  await using again = store.writer()
  await again.write(bytes)
  t.equal((await again.finish()).sha256, sha256(bytes))
})

t.test('files that a crash left are removed at the next start, and committed ones stay', async (t) => {
  const { db, dir, store, reopen } = await newStore(t)
  const [kept, lost] = [randomBytes(300_000), randomBytes(300_000)]
  await keep(db, store, kept)
  // As a crash leaves it: half an upload; one in its place without a row; one with its row that still has its name.
  await writeFile(join(dir, 'tmp', randomUUID()), 'half an upload')
  await stage(store, lost)
  await writeFile(join(dir, 'tmp', `${sha256(kept)}.${randomUUID()}`), kept)
  t.equal((await filesUnder(join(dir, 'tmp'))).length, 3)
  const again = reopen()
  t.same(await filesUnder(join(dir, 'tmp')), [])
  t.same(await filesUnder(join(dir, 'blobs')), [sha256(kept)])
  t.ok((await bytesOf(db, again, sha256(kept))).equals(kept))
})

t.test(
  'garbage collection removes blobs unreferenced for a day, and never one that is being stored',
  async (t) => {
    const { db, store } = await newStore(t)
    const [large, small, onItsWay] = [randomBytes(300_000), randomBytes(100), randomBytes(200_000)]
    for (const bytes of [large, small, onItsWay]) await keep(db, store, bytes)
    const upload = await stage(store, onItsWay)
    const before = (ms: number) => new Date(NOW.getTime() + ms).toISOString()
    t.match(await store.collectGarbage(before(-1), '', 100), { count: 0 }, 'younger than that')
    t.match(await store.collectGarbage(before(1), '', 100), { count: 2, freed: 300_100 })
    t.equal(existsSync(store.pathOf(sha256(large))), false)
    t.notOk(store.has(db, sha256(small)))
    await db.write((tx) => store.store(tx, upload.staged, NOW))
    await upload.writer[Symbol.asyncDispose]()
    t.ok((await bytesOf(db, store, sha256(onItsWay))).equals(onItsWay))
    for (let i = 0; i < 30; i++) {
      const [stored, collected] = await Promise.all([
        keep(db, store, large),
        store.collectGarbage(before(1), '', 100),
      ])
      if (store.has(db, stored.sha256)) t.ok((await bytesOf(db, store, stored.sha256)).equals(large), 'whole')
      else
        t.equal(existsSync(store.pathOf(stored.sha256)), false, `or gone with its row (${collected?.count})`)
    }
  },
)

t.test('garbage collection removes expired rows and blobs, up to a share of all blobs', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bob = await regional.person('bob')
  await openEventStream(t, regional.url, alice)
  const files = await Promise.all(
    [1, 2, 3].map((i) => alice.put(randomBytes(100_000 * i), { visibility: 'public' })),
  )
  await alice.delete(`/files/${files[0]?.id}`)
  await bob.put(randomBytes(90_000))
  await bob.delete('/me')
  await regional.close()

  const db = Database.open(join(regional.dataDir, 'regional.db'), 'regional')
  const blobs = BlobStore.open(db, regional.dataDir)
  const round = (now: number) => {
    const eventLog = new EventLog({ db, notifier: new Notifier(), now: () => now })
    const { journal } = accountServices({ ...POLICY, server: 'eu', db, now: () => now })
    const deps = { db, blobs, eventLog, journal, accountGraceMs: 0, now: () => now, confirmedNow: () => now }
    return collectGarbage(deps, new AbortController().signal)
  }
  const early = await round(Date.now())
  t.match(
    early,
    { events: 0, sessions: 0, accounts: 1, orphans: 3, blobs: 0 },
    'the files of a deleted account are removed, and no recent ones',
  )
  const late = await round(Date.now() + 2 * DAY_MS)
  t.match(late, { events: 0, sessions: 0, orphans: 0, blobs: 2, blob_bytes: 190_000 })
  const later = await round(Date.now() + 60 * DAY_MS)
  t.match(later, { sessions: 2, blobs: 0 })
  t.ok(later.events > 0)
  t.match(await round(Date.now() + 60 * DAY_MS), {
    events: 0,
    sessions: 0,
    orphans: 0,
    blobs: 0,
    blob_bytes: 0,
  })
  await db[Symbol.asyncDispose]()
  t.same(await regional.faults(), [])
  await regional.open()
  t.equal((await regional.nobody().get(`/download/${files[1]?.id}`)).bytes.length, 200_000)
})

const MOUNT = '/bin/mount'
const UMOUNT = '/bin/umount'
const mayMount = process.getuid?.() === 0

t.test(
  'a full disk fails the upload, leaves no file, and uploads succeed once there is room',
  { skip: mayMount ? false : 'needs root to mount a small disk' },
  async (t) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'full-'))
    try {
      execFileSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dataDir], { stdio: 'pipe' })
    } catch (error) {
      await rm(dataDir, { recursive: true })
      t.pass(`skipped: this machine mounts nothing (${(error as Error).message})`)
      return
    }
    const regional = await openTestRegional(t, { dataDir })
    t.teardown(() => execFileSync(UMOUNT, ['-l', dataDir]))
    const alice = await regional.person('alice')
    const before = await alice.put(randomBytes(1_000_000))
    const declared = await alice.upload(Buffer.alloc(9_000_000))
    t.equal(declared.outcome, '507 disk-full', 'before a byte is written')
    const outcomes = new Set<string>()
    for (let i = 0; i < 12; i++) outcomes.add((await alice.upload(randomBytes(900_000))).outcome)
    t.ok(outcomes.has('507 disk-full'))
    for (let i = 0; i < 200; i++) outcomes.add((await alice.upload(randomBytes(30_000))).outcome)
    t.same([...outcomes].toSorted(), ['201', '507 disk-full'], 'nothing else comes of it')
    await until('all is cleared away', async () => (await regional.faults()).length === 0)
    t.equal((await alice.get(`/download/${before.id}`)).bytes.length, 1_000_000, 'reading goes on')
    execFileSync(MOUNT, ['-o', 'remount,size=32m', dataDir])
    t.equal((await alice.upload(randomBytes(900_000))).status, 201)
    t.equal((await alice.delete(`/files/${before.id}`)).status, 204)
  },
)
