import { randomUUID } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { Database, type Query, type Tx } from '../../src/db/engine/database.js'
import { systemTimers } from '../../src/lib/timers.js'
import { tapSqlite } from '../support/sqlite-tap.js'
import { until } from '../support/until.js'

const bare = <Row = unknown>(sql: string, ...parameters: unknown[]) =>
  ({ sql, parameters }) as Query<Record<never, never>, Row>

const put = (tx: Tx, key: string, value = 'x') =>
  tx.run(bare('insert into meta (key, value) values (?, ?)', key, value))
const keysOf = (db: Database) =>
  db.all(bare<{ key: string }>('select key from meta order by key')).map(({ key }) => key)

async function newDatabase(t: Test, onWalGrown?: () => void): Promise<{ db: Database; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'database-'))
  const path = join(folder, 'regional.db')
  const db = Database.open(path, 'regional', onWalGrown)
  t.teardown(async () => {
    await db[Symbol.asyncDispose]().catch(() => undefined)
    await rm(folder, { recursive: true })
  })
  return { db, path }
}

t.test('a commit waits for the disk', async (t) => {
  const { connections } = tapSqlite(t)
  const { db } = await newDatabase(t)
  await db.write((tx) => put(tx, 'a'))
  const [connection] = connections
  t.equal(connection?.pragma('synchronous', { simple: true }), 2, 'FULL')
  t.equal(connection?.pragma('journal_mode', { simple: true }), 'wal')
})

t.test(
  'units of work that arrive together share a commit, and one that throws takes nothing with it',
  async (t) => {
    const { runs } = tapSqlite(t)
    const { db } = await newDatabase(t)
    const units = Array.from({ length: 300 }, (_, index) =>
      db.write((tx) => {
        put(tx, `key-${String(index).padStart(3, '0')}`)
        if (index % 3 === 0) throw new Error(`unit ${index}`)
        return index
      }),
    )
    const settled = await Promise.allSettled(units)
    t.equal(runs.get('COMMIT'), 1)
    for (const [index, one] of settled.entries()) {
      if (index % 3 === 0) t.match(one, { status: 'rejected', reason: { message: `unit ${index}` } })
      else t.match(one, { status: 'fulfilled', value: index })
    }
    t.equal(keysOf(db).length, 200)
    await t.rejects(db.write(() => put(undefined as never, 'x')))
    t.equal(await db.write((tx) => put(tx, 'alone')), 1, 'it goes on after a unit that failed alone')
  },
)

t.test('a unit sees what those before it wrote, and readers see it after the commit only', async (t) => {
  const { db, path } = await newDatabase(t)
  const other = new BetterSqlite3(path, { readonly: true })
  const seen: unknown[] = []
  await Promise.all([
    db.write((tx) => put(tx, 'a')),
    db.write((tx) => {
      seen.push(tx.get(bare('select key from meta')), other.prepare('select key from meta').get())
    }),
  ])
  t.same(seen, [{ key: 'a' }, undefined])
  t.same(other.prepare('select key from meta').get(), { key: 'a' })
  other.close()
})

t.test('what is read in one turn is of one moment, and nobody waits for its end', async (t) => {
  const { db, path } = await newDatabase(t)
  const other = new BetterSqlite3(path, { timeout: 0 })
  const putThere = (key: string) => other.prepare("insert into meta values (?, 'x')").run(key)
  t.same(keysOf(db), [])
  putThere('a')
  t.same(keysOf(db), [], 'as it was when the turn began')
  const unit = db.write((tx) => {
    t.same(tx.all(bare('select key from meta')), [{ key: 'a' }], 'a unit works on what is there')
    put(tx, 'b')
  })
  t.same(keysOf(db), [])
  await unit
  t.same(keysOf(db), ['a', 'b'])
  putThere('c')
  await turn()
  t.same(keysOf(db), ['a', 'b', 'c'], 'the next turn sees what came meanwhile')
  await turn()
  t.match(other.pragma('wal_checkpoint(truncate)'), [{ busy: 0 }], 'a reader is not in the way')
  other.close()
})

t.test('a unit that would wait is refused', async (t) => {
  const { db } = await newDatabase(t)
  const waiting = db.write(async (tx) => {
    put(tx, 'a')
    await undefined
  })
  await t.rejects(waiting, /must be synchronous/)
  t.same(keysOf(db), [])
})

t.test('what is left for the end of a unit is done once, in its transaction', async (t) => {
  const { db } = await newDatabase(t)
  const unit = (key: string, end: () => void) =>
    db.write((tx) => {
      tx.atEnd('row', () => put(tx, 'too early'))
      put(tx, key)
      tx.atEnd('row', () => {
        put(tx, `${key}, at the end`)
        end()
      })
    })
  const failing = () => {
    throw new Error('no')
  }
  await Promise.allSettled([unit('a', () => {}), unit('b', failing)])
  t.same(keysOf(db), ['a', 'a, at the end'])
})

t.test('a commit that fails is the failure of all that shared it, and of nobody else', async (t) => {
  const tap = tapSqlite(t)
  const { db } = await newDatabase(t)
  await db.write((tx) => put(tx, 'before'))
  const effects: string[] = []
  tap.failNext('COMMIT', 'SQLITE_FULL')
  const unit = (key: string) =>
    db.write((tx) => {
      tx.afterCommit(() => effects.push(key))
      put(tx, key)
    })
  const settled = await Promise.allSettled([unit('a'), unit('b')])
  for (const one of settled) t.match(one, { status: 'rejected', reason: { code: 'SQLITE_FULL' } })
  await unit('after')
  t.same(keysOf(db), ['after', 'before'])
  t.same(effects, ['after'])
})

t.test('a database that is full keeps nothing of what it refused', async (t) => {
  const { connections } = tapSqlite(t)
  const { db } = await newDatabase(t)
  await db.write((tx) => put(tx, 'before'))
  const [connection] = connections as [BetterSqlite3.Database]
  const pages = connection.pragma('page_count', { simple: true }) as number
  connection.pragma(`max_page_count = ${pages + 20}`)
  const big = 'x'.repeat(30_000)
  const names = Array.from({ length: 10 }, (_, index) => `big-${index}`)
  const settled = await Promise.allSettled(names.map((name) => db.write((tx) => put(tx, name, big))))
  const kept = names.filter((_, index) => settled[index]?.status === 'fulfilled')
  t.same(keysOf(db), ['before', ...kept].toSorted(), 'what was promised is there, and nothing else')
  for (const one of settled) if (one.status === 'rejected') t.match(one.reason, { code: 'SQLITE_FULL' })
  t.ok(kept.length < names.length, 'some did not fit')
  connection.pragma('max_page_count = 1000000')
  t.equal(await db.write((tx) => put(tx, 'big-again', big)), 1)
})

t.test(
  'effects follow the commit, in order, and one that fails stops neither the others nor an answer',
  async (t) => {
    const { db, path } = await newDatabase(t)
    const other = new BetterSqlite3(path, { readonly: true })
    const log: string[] = []
    const failures: unknown[] = []
    const { setImmediate } = globalThis
    globalThis.setImmediate = ((callback: () => void) =>
      setImmediate(() => {
        try {
          callback()
        } catch (error) {
          failures.push(error)
        }
      })) as typeof setImmediate
    t.teardown(() => {
      globalThis.setImmediate = setImmediate
    })
    const unit = (key: string, effect: () => void) =>
      db
        .write((tx) => {
          put(tx, key)
          tx.afterCommit(effect)
          log.push(`work ${key}`)
        })
        .then(() => log.push(`answer ${key}`))
    const count = () => other.prepare('select count(*) as n from meta').get() as { n: number }
    await Promise.all([
      unit('a', () => log.push(`effect a ${count().n}`)),
      unit('b', () => {
        throw new Error('an effect that fails')
      }),
      unit('c', () => log.push(`effect c ${count().n}`)),
    ])
    t.same(log.slice(0, 3), ['work a', 'work b', 'work c'])
    t.same(
      log.filter((line) => line.startsWith('effect')),
      ['effect a 3', 'effect c 3'],
    )
    t.equal(log.filter((line) => line.startsWith('answer')).length, 3)
    await until('the failure shows', () => failures.length > 0)
    t.match(failures, [{ message: 'an effect that fails' }], 'it is not swallowed either')
    other.close()
  },
)

t.test('a series shares a commit, each of its units in a turn of its own', async (t) => {
  const { runs } = tapSqlite(t)
  const { db } = await newDatabase(t)
  const log: string[] = []
  const units = ['a', 'b', 'c'].map((key) => (tx: Tx) => {
    put(tx, key)
    log.push(`work ${key}`)
    setImmediate(() => log.push('a turn of others'))
    tx.afterCommit(() => log.push(`effect ${key}`))
  })
  await db.writeSeries([])
  await db.writeSeries(units)
  t.equal(runs.get('COMMIT'), 1)
  t.same(log.slice(0, 8), [
    ...['work a', 'a turn of others', 'work b', 'a turn of others', 'work c'],
    ...['effect a', 'effect b', 'effect c'],
  ])
  t.same(keysOf(db), ['a', 'b', 'c'])
})

t.test(
  'who reads or writes beside a series does not wait for its end, and sees what is durable',
  async (t) => {
    const { db, path } = await newDatabase(t)
    const other = new BetterSqlite3(path, { readonly: true })
    const durable = () => other.prepare('select key from meta order by key').pluck().all()
    const after = (key: string, then: () => void) => (tx: Tx) => {
      put(tx, key)
      // Before the next unit, which has a turn of its own.
      setImmediate(then)
    }
    const beside: Promise<unknown>[] = []
    await db.writeSeries([
      after('a', () => undefined),
      after('b', () => {
        t.same(durable(), [], 'they wait for more')
        t.same(keysOf(db), ['a', 'b'], 'a reader sees what has run so far')
        t.same(durable(), ['a', 'b'], 'for it is durable now')
      }),
      after('c', () => {
        const failing = db.write((tx) => {
          put(tx, 'fails')
          throw new Error('no')
        })
        const writing = db.write((tx) => {
          put(tx, 'written')
          tx.afterCommit(() =>
            t.same(durable(), ['a', 'b', 'c', 'd', 'written'], 'a writer is done in its midst'),
          )
        })
        beside.push(t.rejects(failing, { message: 'no' }), writing)
      }),
      after('d', () => undefined),
      after('e', () => undefined),
    ])
    await Promise.all(beside)
    t.same(durable(), ['a', 'b', 'c', 'd', 'e', 'written'])
    other.close()
  },
)

t.test(
  'a series ends with a unit that fails: what is not durable yet goes, and the rest does not run',
  async (t) => {
    const tap = tapSqlite(t)
    const { db } = await newDatabase(t)
    const ran: string[] = []
    const effects: string[] = []
    const unit =
      (key: string, before: () => void = () => undefined) =>
      (tx: Tx) => {
        before()
        put(tx, key)
        ran.push(key)
        tx.afterCommit(() => effects.push(key))
      }
    const fail = () => {
      throw new Error('no')
    }
    const beside: Promise<unknown>[] = []
    const write = () => void beside.push(db.write(unit('beside')))
    const failing = db.writeSeries([unit('a', write), unit('b'), unit('c', fail), unit('d')])
    const next = db.writeSeries([unit('e'), unit('f')])
    await t.rejects(failing, { message: 'no' })
    await Promise.all([...beside, next])
    t.same(keysOf(db), ['a', 'beside', 'e', 'f'], 'the first shared the commit of another')
    t.same(ran, ['a', 'beside', 'b', 'e', 'f'])
    t.same(effects, ['a', 'beside', 'e', 'f'])

    tap.failNext('COMMIT', 'SQLITE_FULL')
    await t.rejects(db.writeSeries([unit('g'), unit('h')]), { code: 'SQLITE_FULL' })
    tap.failNext('COMMIT', 'SQLITE_FULL')
    const refused = db.writeSeries([unit('i', () => setImmediate(() => keysOf(db))), unit('j'), unit('k')])
    await t.rejects(refused, { code: 'SQLITE_FULL' }, 'also where a reader asked for the commit')
    t.same(keysOf(db), ['a', 'beside', 'e', 'f'])
    t.equal(await db.write((tx) => put(tx, 'after')), 1)
  },
)

t.test('closing finishes what waits', async (t) => {
  const { db, path } = await newDatabase(t)
  const series = db.writeSeries(['x', 'y'].map((key) => (tx) => put(tx, key)))
  const units = Array.from({ length: 1500 }, (_, index) => db.write((tx) => put(tx, String(index))))
  await db[Symbol.asyncDispose]()
  await Promise.all([series, ...units])
  await using again = Database.open(path, 'regional')
  t.equal(keysOf(again).length, 1502)
})

t.test('a database that a newer program wrote is refused and left as it is', async (t) => {
  const { db, path } = await newDatabase(t)
  await db[Symbol.asyncDispose]()
  const newer = new BetterSqlite3(path)
  newer.pragma('user_version = 9999')
  newer.close()
  await copyFile(path, `${path}.copy`)
  t.throws(() => Database.open(path, 'regional'), /this program supports only/)
  t.same(await readFile(path), await readFile(`${path}.copy`))
})

t.test(
  'who copies the log into the file is called now and then, and what it leaves is copied here',
  async (t) => {
    let calls = 0
    const { db, path } = await newDatabase(t, () => {
      calls += 1
    })
    const putMany = (count: number) =>
      db.write((tx) => {
        for (let i = 0; i < count; i++) put(tx, randomUUID(), 'x'.repeat(2000))
      })
    await putMany(240)
    t.equal(calls, 0)
    await putMany(20)
    t.equal(calls, 1)
    const logBytes = async () => (await stat(`${path}-wal`)).size
    for (let i = 0; i < 40; i++) await putMany(900)
    t.ok((await logBytes()) < 40e6, 'the log does not grow for ever')
  },
)

t.test('a copy made while it is in use is whole', async (t) => {
  const { db, path } = await newDatabase(t)
  await db.write((tx) => put(tx, 'a'))
  const busy = Array.from({ length: 50 }, (_, index) => db.write((tx) => put(tx, `b${index}`)))
  await db.backup(`${path}.backup`)
  await Promise.all(busy)
  await using copy = Database.open(`${path}.backup`, 'regional')
  t.ok(keysOf(copy).includes('a'))
  t.same(copy.get(bare('pragma integrity_check')), { integrity_check: 'ok' })
})

/** Another process that writes, as far as SQLite can tell. */
function otherWriter(t: Test, path: string): { begin(): void; end(): void } {
  const connection = new BetterSqlite3(path)
  t.teardown(() => connection.close())
  return {
    begin: () => void connection.exec('BEGIN IMMEDIATE'),
    end: () => void connection.exec('ROLLBACK'),
  }
}

t.test('while another process writes, units wait and all else goes on', async (t) => {
  const { db, path } = await newDatabase(t)
  await db.write((tx) => put(tx, 'before'))
  const other = otherWriter(t, path)
  other.begin()
  let isDone = false
  const unit = db.write((tx) => put(tx, 'unit'))
  const series = db.writeSeries([(tx) => put(tx, 'first'), (tx) => put(tx, 'second')])
  void Promise.all([unit, series]).then(() => {
    isDone = true
  })
  const start = performance.now()
  let turns = 0
  for (; turns < 1000 && performance.now() - start < 5000; turns += 1) {
    if (keysOf(db).length !== 1) break
    await turn()
  }
  t.equal(turns, 1000, 'turns of the loop')
  t.notOk(isDone)
  other.end()
  await Promise.all([unit, series])
  t.same(keysOf(db), ['before', 'first', 'second', 'unit'])
})

t.test('units fail as busy when another process writes for too long, and at once after that', async (t) => {
  const { path } = await newDatabase(t)
  const connection = new BetterSqlite3(path, { timeout: 0 })
  const clock = { now: 0 }
  const timers = {
    ...systemTimers,
    now: () => clock.now,
    after(ms: number, run: () => void) {
      clock.now += ms
      return systemTimers.after(0, run)
    },
  }
  const db = Database.fromConnection(connection, timers)
  t.teardown(() => db[Symbol.asyncDispose]())
  const other = otherWriter(t, path)
  other.begin()
  await t.rejects(
    db.write((tx) => put(tx, 'a')),
    { code: 'SQLITE_BUSY' },
  )
  t.ok(clock.now >= 5000 && clock.now < 6000, `after ${clock.now} ms`)
  const since = clock.now
  await t.rejects(db.writeSeries([(tx) => put(tx, 'b'), (tx) => put(tx, 'c')]), { code: 'SQLITE_BUSY' })
  t.ok(clock.now - since < 100, `after ${clock.now - since} ms`)
  other.end()
  await db.write((tx) => put(tx, 'd'))
  t.same(keysOf(db), ['d'])
})

t.test('a WAL that grew under a long read is cut afterwards', async (t) => {
  const { db, path } = await newDatabase(t)
  await db.write((tx) => put(tx, 'before'))
  const reader = new BetterSqlite3(path, { readonly: true })
  t.teardown(() => reader.close())
  reader.exec('BEGIN')
  reader.prepare('select * from meta').all()
  const value = 'x'.repeat(1024 * 1024)
  for (let index = 0; index < 80; index += 1) await db.write((tx) => put(tx, `key-${index}`, value))
  const grown = (await stat(`${path}-wal`)).size
  t.ok(grown > 80 * 1024 * 1024, `${grown} bytes`)
  reader.exec('COMMIT')
  for (let index = 0; index < 3; index += 1) await db.write((tx) => put(tx, `after-${index}`))
  const left = (await stat(`${path}-wal`)).size
  t.ok(left <= 64 * 1024 * 1024, `${left} bytes`)
})
