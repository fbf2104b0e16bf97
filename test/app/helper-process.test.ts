import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import BetterSqlite3 from 'better-sqlite3'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { HelperProcess, NICENESS } from '../../src/app/helper-process.js'
import { argon2 } from '../../src/domain/passwords.js'
import { until } from '../support/until.js'

const PROGRAM = fileURLToPath(new URL('../../dist/lib/helper.js', import.meta.url))

function start(t: Test, program = PROGRAM): HelperProcess {
  const hasher = new HelperProcess(program, pino({ level: 'silent' }))
  t.teardown(() => hasher[Symbol.asyncDispose]())
  return hasher
}

/** Never 0: a signal to pid 0 would reach all processes of the tests. */
function pidOf({ pid }: HelperProcess): number {
  if (pid === undefined) throw new Error('the helper process does not run')
  return pid
}

t.test(
  'The helper process hashes passwords at low priority, ignores SIGTERM, and exits with the server',
  async (t) => {
    const hasher = start(t)
    t.equal(hasher.pid, undefined, 'the process starts with the first job')
    const hash = await hasher.hash('paper boat')
    t.match(hash, /^\$argon2id\$v=19\$m=19456,/)
    t.equal(await argon2.verify(hash, 'paper boat'), true, 'the hash is valid in this process')
    t.equal(await hasher.verify(await argon2.hash('paper boat'), 'paper boat'), true)
    t.equal(await hasher.verify(hash, 'paper ship'), false)
    await t.rejects(
      hasher.verify('no hash', 'paper boat'),
      'an error in the helper process rejects the promise',
    )
    const pid = pidOf(hasher)
    const threads = readdirSync(`/proc/${pid}/task`).map(Number)
    t.ok(threads.length > 4)
    t.same(threads.map(getPriority), Array(threads.length).fill(NICENESS))
    process.kill(pid, 'SIGTERM')
    t.equal(await hasher.verify(hash, 'paper boat'), true, 'SIGTERM does not end the process')
    t.equal(hasher.pid, pid)
    await hasher[Symbol.asyncDispose]()
    await until('the process has ended', () => !isRunning(pid))
  },
)

t.test('Pending passwords of a helper process that is killed are verified in this process', async (t) => {
  const hasher = start(t)
  const hash = await hasher.hash('paper boat')
  const pid = pidOf(hasher)
  process.kill(pid, 'SIGSTOP')
  const answers = Promise.all(['paper boat', 'paper ship'].map((password) => hasher.verify(hash, password)))
  process.kill(pid, 'SIGKILL')
  t.same(await answers, [true, false])
  t.equal(await hasher.verify(hash, 'paper boat'), true)
  t.not(hasher.pid, pid, 'the next password starts a new process')
})

t.test('Passwords are hashed in this process if the helper program does not exist', async (t) => {
  const hasher = start(t, '/nowhere/helper.js')
  t.equal(await hasher.verify(await hasher.hash('paper boat'), 'paper boat'), true)
})

t.test('A checkpoint copies committed rows from the WAL into the database file', async (t) => {
  const folder = t.testdir()
  const { path, database } = newDatabase(folder)
  const helper = start(t)
  database.prepare('INSERT INTO numbers VALUES (1)').run()
  t.equal(numbersInFile(path, folder), undefined, 'the row is only in the WAL')
  helper.checkpoint(path)
  await until('the first row is in the file', () => numbersInFile(path, folder) === 1)
  database.prepare('INSERT INTO numbers VALUES (2)').run()
  await until('the second row is in the file', () => {
    helper.checkpoint(path)
    return numbersInFile(path, folder) === 2
  })
  const pid = pidOf(helper)
  process.kill(pid, 'SIGSTOP')
  helper.checkpoint(path)
  await helper[Symbol.asyncDispose]()
  t.notOk(isRunning(pid), 'disposing ends even a stopped process')
  helper.checkpoint(path)
  t.equal(helper.pid, undefined, 'a checkpoint after disposing starts no process')
  database.close()
  t.notOk(existsSync(`${path}-wal`), 'the last connection removes the WAL')
})

t.test('The helper process hashes passwords after a failed checkpoint', async (t) => {
  const helper = start(t)
  helper.checkpoint(join(t.testdir(), 'nowhere.db'))
  t.match(await helper.hash('paper boat'), /^\$argon2id\$/)
})

t.test('A helper process whose server has died does not touch the WAL when it exits', async (t) => {
  const { path, database } = newDatabase(t.testdir())
  const child = fork(PROGRAM, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  child.send({ id: 1, database: path })
  await once(child, 'message')
  // Simulates a server that died, whose database was then replaced.
  database.close()
  t.ok(existsSync(`${path}-wal`))
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
  t.ok(existsSync(`${path}-wal`))
})

function newDatabase(folder: string): { path: string; database: BetterSqlite3.Database } {
  const path = join(folder, 'some.db')
  const database = new BetterSqlite3(path)
  database.pragma('journal_mode = WAL')
  database.pragma('wal_autocheckpoint = 0')
  database.exec('CREATE TABLE numbers (number)')
  return { path, database }
}

/** The number of rows in the database file without its WAL; undefined if the table is missing. */
function numbersInFile(path: string, folder: string): number | undefined {
  const alone = join(folder, 'alone.db')
  copyFileSync(path, alone)
  const database = new BetterSqlite3(alone)
  try {
    return database.prepare('SELECT count(*) FROM numbers').pluck().get() as number
  } catch {
    return undefined
  } finally {
    database.close()
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
