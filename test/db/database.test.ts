import { randomUUID } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTick } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { Database, type Query, type Tx } from '../../src/db/engine/database.js'
import { systemTimers } from '../../src/lib/timers.js'
import { tapSqlite } from '../support/sqlite-tap.js'
import { until } from '../support/until.js'

const rawQuery = <Row = unknown>(sql: string, ...parameters: unknown[]) =>
  ({ sql, parameters }) as Query<Record<never, never>, Row>

const put = (tx: Tx, key: string, value = 'x') =>
  tx.run(rawQuery('insert into meta (key, value) values (?, ?)', key, value))
const keysOf = (db: Database) =>
  db.all(rawQuery<{ key: string }>('select key from meta order by key')).map(({ key }) => key)

async function openTestDatabase(t: Test): Promise<{ db: Database; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'database-'))
  const path = join(folder, 'regional.db')
  const db = Database.open(path, 'regional')
  t.teardown(async () => {
    await db[Symbol.asyncDispose]().catch(() => undefined)
    await rm(folder, { recursive: true })
  })
  return { db, path }
}

t.test('A connection uses WAL with synchronous=FULL', async (t) => {
  const { connections } = tapSqlite(t)
  const { db } = await openTestDatabase(t)
  await db.write((tx) => put(tx, 'a'))
  const [connection] = connections
  t.equal(connection?.pragma('synchronous', { simple: true }), 2, 'FULL')
  t.equal(connection?.pragma('journal_mode', { simple: true }), 'wal')
})

t.test(
  'Units of work that are queued together share a commit, and a unit that throws rolls back alone',
  async (t) => {
    const { runs } = tapSqlite(t)
    const { db } = await openTestDatabase(t)
    const units = Array.from({ length: 300 }, (_, index) =>
      db.write((tx) => {
        put(tx, `key-${String(index).padStart(3, '0')}`)
        if (index % 3 === 0) throw new Error(`unit ${index}`)
        return index
      }),
    )
    const settled = await Promise.allSettled(units)
    t.equal(runs.get('COMMIT'), 1)
    for (const [index, result] of settled.entries()) {
      if (index % 3 === 0) t.match(result, { status: 'rejected', reason: { message: `unit ${index}` } })
      else t.match(result, { status: 'fulfilled', value: index })
    }
    t.equal(keysOf(db).length, 200)
    await t.rejects(db.write(() => put(undefined as never, 'x')))
    t.equal(await db.write((tx) => put(tx, 'alone')), 1, 'a unit after a failed single unit succeeds')
  },
)

t.test(
  'A unit sees the writes of earlier units in its transaction; other connections only after the commit',
  async (t) => {
    const { db, path } = await openTestDatabase(t)
    const other = new BetterSqlite3(path, { readonly: true })
    const seen: unknown[] = []
    await Promise.all([
      db.write((tx) => put(tx, 'a')),
      db.write((tx) => {
        seen.push(tx.get(rawQuery('select key from meta')), other.prepare('select key from meta').get())
      }),
    ])
    t.same(seen, [{ key: 'a' }, undefined])
    t.same(other.prepare('select key from meta').get(), { key: 'a' })
    other.close()
  },
)

t.test('Reads of one event-loop tick share a snapshot, which a unit of work closes', async (t) => {
  const { db, path } = await openTestDatabase(t)
  const other = new BetterSqlite3(path, { timeout: 0 })
  const putElsewhere = (key: string) => other.prepare("insert into meta values (?, 'x')").run(key)
  t.same(keysOf(db), [])
  putElsewhere('a')
  t.same(keysOf(db), [], 'the snapshot does not change within the tick')
  const unit = db.write((tx) => {
    t.same(tx.all(rawQuery('select key from meta')), [{ key: 'a' }], 'a unit sees the newest state')
    put(tx, 'b')
  })
  t.same(keysOf(db), [])
  await unit
  t.same(keysOf(db), ['a', 'b'])
  putElsewhere('c')
  await nextTick()
  t.same(keysOf(db), ['a', 'b', 'c'], 'the next tick sees later commits')
  await nextTick()
  t.match(
    other.pragma('wal_checkpoint(truncate)'),
    [{ busy: 0 }],
    'the closed snapshot does not block a checkpoint',
  )
  other.close()
})

t.test('A unit of work that returns a promise is refused and rolled back', async (t) => {
  const { db } = await openTestDatabase(t)
  const asyncUnit = db.write(async (tx) => {
    put(tx, 'a')
    await undefined
  })
  await t.rejects(asyncUnit, /must be synchronous/)
  t.same(keysOf(db), [])
})

t.test('A finalizer of a unit runs once per key, at the end of its transaction', async (t) => {
  const { db } = await openTestDatabase(t)
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

t.test('A failed commit rejects every unit that shared it, and no later one', async (t) => {
  const tap = tapSqlite(t)
  const { db } = await openTestDatabase(t)
  await db.write((tx) => put(tx, 'before'))
  const effects: string[] = []
  tap.failNext('COMMIT', 'SQLITE_FULL')
  const unit = (key: string) =>
    db.write((tx) => {
      tx.afterCommit(() => effects.push(key))
      put(tx, key)
    })
  const settled = await Promise.allSettled([unit('a'), unit('b')])
  for (const result of settled) t.match(result, { status: 'rejected', reason: { code: 'SQLITE_FULL' } })
  await unit('after')
  t.same(keysOf(db), ['after', 'before'])
  t.same(effects, ['after'])
})

t.test('A full database contains the writes that it acknowledged and no others', async (t) => {
  const { connections } = tapSqlite(t)
  const { db } = await openTestDatabase(t)
  await db.write((tx) => put(tx, 'before'))
  const [connection] = connections as [BetterSqlite3.Database]
  const pages = connection.pragma('page_count', { simple: true }) as number
  connection.pragma(`max_page_count = ${pages + 20}`)
  const big = 'x'.repeat(30_000)
  const names = Array.from({ length: 10 }, (_, index) => `big-${index}`)
  const settled = await Promise.allSettled(names.map((name) => db.write((tx) => put(tx, name, big))))
  const kept = names.filter((_, index) => settled[index]?.status === 'fulfilled')
  t.same(keysOf(db), ['before', ...kept].toSorted(), 'the database contains exactly the acknowledged keys')
  for (const result of settled)
    if (result.status === 'rejected') t.match(result.reason, { code: 'SQLITE_FULL' })
  t.ok(kept.length < names.length, 'some units fail')
  connection.pragma('max_page_count = 1000000')
  t.equal(await db.write((tx) => put(tx, 'big-again', big)), 1)
})

t.test(
  'Effects run after the commit, in order, and a failing effect stops neither other effects nor results',
  async (t) => {
    const { db, path } = await openTestDatabase(t)
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
        .then(() => log.push(`response ${key}`))
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
    t.equal(log.filter((line) => line.startsWith('response')).length, 3)
    await until('the failure shows', () => failures.length > 0)
    t.match(failures, [{ message: 'an effect that fails' }], 'the error is thrown globally')
    other.close()
  },
)

t.test('A series of units shares a commit, and each unit runs in its own event-loop tick', async (t) => {
  const { runs } = tapSqlite(t)
  const { db } = await openTestDatabase(t)
  const log: string[] = []
  const units = ['a', 'b', 'c'].map((key) => (tx: Tx) => {
    put(tx, key)
    log.push(`work ${key}`)
    setImmediate(() => log.push('other tick'))
    tx.afterCommit(() => log.push(`effect ${key}`))
  })
  await db.writeSeries([])
  await db.writeSeries(units)
  t.equal(runs.get('COMMIT'), 1)
  t.same(log.slice(0, 8), [
    ...['work a', 'other tick', 'work b', 'other tick', 'work c'],
    ...['effect a', 'effect b', 'effect c'],
  ])
  t.same(keysOf(db), ['a', 'b', 'c'])
})

t.test(
  'A read or write during a series commits the units run so far, without waiting for the rest',
  async (t) => {
    const { db, path } = await openTestDatabase(t)
    const other = new BetterSqlite3(path, { readonly: true })
    const durable = () => other.prepare('select key from meta order by key').pluck().all()
    const putThen = (key: string, then: () => void) => (tx: Tx) => {
      put(tx, key)
      // Runs before the next unit, which has a tick of its own.
      setImmediate(then)
    }
    const concurrent: Promise<unknown>[] = []
    await db.writeSeries([
      putThen('a', () => undefined),
      putThen('b', () => {
        t.same(durable(), [], 'the series has not committed yet')
        t.same(keysOf(db), ['a', 'b'], 'a read sees the units run so far')
        t.same(durable(), ['a', 'b'], 'the read has committed them')
      }),
      putThen('c', () => {
        const failing = db.write((tx) => {
          put(tx, 'fails')
          throw new Error('no')
        })
        const writing = db.write((tx) => {
          put(tx, 'written')
          tx.afterCommit(() =>
            t.same(durable(), ['a', 'b', 'c', 'd', 'written'], 'a write commits before the series ends'),
          )
        })
        concurrent.push(t.rejects(failing, { message: 'no' }), writing)
      }),
      putThen('d', () => undefined),
      putThen('e', () => undefined),
    ])
    await Promise.all(concurrent)
    t.same(durable(), ['a', 'b', 'c', 'd', 'e', 'written'])
    other.close()
  },
)

t.test(
  'A failing unit ends its series: uncommitted units are rolled back, and later ones do not run',
  async (t) => {
    const tap = tapSqlite(t)
    const { db } = await openTestDatabase(t)
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
    const concurrent: Promise<unknown>[] = []
    const write = () => void concurrent.push(db.write(unit('concurrent')))
    const failing = db.writeSeries([unit('a', write), unit('b'), unit('c', fail), unit('d')])
    const next = db.writeSeries([unit('e'), unit('f')])
    await t.rejects(failing, { message: 'no' })
    await Promise.all([...concurrent, next])
    t.same(
      keysOf(db),
      ['a', 'concurrent', 'e', 'f'],
      'the first unit shared the commit of the concurrent one',
    )
    t.same(ran, ['a', 'concurrent', 'b', 'e', 'f'])
    t.same(effects, ['a', 'concurrent', 'e', 'f'])

    tap.failNext('COMMIT', 'SQLITE_FULL')
    await t.rejects(db.writeSeries([unit('g'), unit('h')]), { code: 'SQLITE_FULL' })
    tap.failNext('COMMIT', 'SQLITE_FULL')
    const refused = db.writeSeries([unit('i', () => setImmediate(() => keysOf(db))), unit('j'), unit('k')])
    await t.rejects(refused, { code: 'SQLITE_FULL' }, 'a commit that a read caused fails likewise')
    t.same(keysOf(db), ['a', 'concurrent', 'e', 'f'])
    t.equal(await db.write((tx) => put(tx, 'after')), 1)
  },
)

t.test('Closing a database runs and commits the queued units first', async (t) => {
  const { db, path } = await openTestDatabase(t)
  const series = db.writeSeries(['x', 'y'].map((key) => (tx) => put(tx, key)))
  const units = Array.from({ length: 1500 }, (_, index) => db.write((tx) => put(tx, String(index))))
  await db[Symbol.asyncDispose]()
  await Promise.all([series, ...units])
  await using again = Database.open(path, 'regional')
  t.equal(keysOf(again).length, 1502)
})

t.test('A database with a newer schema is refused and left unchanged', async (t) => {
  const { db, path } = await openTestDatabase(t)
  await db[Symbol.asyncDispose]()
  const newer = new BetterSqlite3(path)
  newer.pragma('user_version = 9999')
  newer.close()
  await copyFile(path, `${path}.copy`)
  t.throws(() => Database.open(path, 'regional'), /this program knows only/)
  t.same(await readFile(path), await readFile(`${path}.copy`))
})

t.test('Commits checkpoint the WAL, so that it stays small', async (t) => {
  const { db, path } = await openTestDatabase(t)
  for (let i = 0; i < 40; i++)
    await db.write((tx) => {
      for (let j = 0; j < 900; j++) put(tx, randomUUID(), 'x'.repeat(2000))
    })
  const { size } = await stat(`${path}-wal`)
  t.ok(size < 20e6, `${size} bytes`)
})

t.test('A backup of a database in use passes the integrity check', async (t) => {
  const { db, path } = await openTestDatabase(t)
  await db.write((tx) => put(tx, 'a'))
  const writes = Array.from({ length: 50 }, (_, index) => db.write((tx) => put(tx, `b${index}`)))
  await db.backup(`${path}.backup`)
  await Promise.all(writes)
  await using copy = Database.open(`${path}.backup`, 'regional')
  t.ok(keysOf(copy).includes('a'))
  t.same(copy.get(rawQuery('pragma integrity_check')), { integrity_check: 'ok' })
})

/** Another connection, which SQLite treats like another process. */
function otherWriter(t: Test, path: string): { begin(): void; end(): void } {
  const connection = new BetterSqlite3(path)
  t.teardown(() => connection.close())
  return {
    begin: () => void connection.exec('BEGIN IMMEDIATE'),
    end: () => void connection.exec('ROLLBACK'),
  }
}

t.test(
  'Units wait while another process holds the write lock, without blocking the event loop',
  async (t) => {
    const { db, path } = await openTestDatabase(t)
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
    let ticks = 0
    for (; ticks < 1000 && performance.now() - start < 5000; ticks += 1) {
      if (keysOf(db).length !== 1) break
      await nextTick()
    }
    t.equal(ticks, 1000, 'event-loop ticks')
    t.notOk(isDone)
    other.end()
    await Promise.all([unit, series])
    t.same(keysOf(db), ['before', 'first', 'second', 'unit'])
  },
)

t.test(
  'Units fail as busy after another process has held the write lock for 5 s; later units fail at once',
  async (t) => {
    const { path } = await openTestDatabase(t)
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
  },
)

t.test('A WAL that grew during a long read is truncated afterwards', async (t) => {
  const { db, path } = await openTestDatabase(t)
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
