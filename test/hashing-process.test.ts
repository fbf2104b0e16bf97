import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { argon2 } from '../src/domain/passwords.js'
import { HashingProcess, NICENESS } from '../src/hashing-process.js'
import { until } from './support/until.js'

const PROGRAM = fileURLToPath(new URL('../dist/bin/hasher.js', import.meta.url))

function start(t: Test, program = PROGRAM): HashingProcess {
  const hasher = new HashingProcess(program, pino({ level: 'silent' }))
  t.teardown(() => hasher[Symbol.dispose]())
  return hasher
}

t.test('passwords are hashed by a process that makes way for the server, and ends with it', async (t) => {
  const hasher = start(t)
  t.equal(hasher.pid, undefined, 'not before there is a password')
  const hash = await hasher.hash('paper boat')
  t.match(hash, /^\$argon2id\$v=19\$m=19456,/)
  t.equal(await argon2.verify(hash, 'paper boat'), true, 'a hash as this process makes it')
  t.equal(await hasher.verify(await argon2.hash('paper boat'), 'paper boat'), true)
  t.equal(await hasher.verify(hash, 'paper ship'), false)
  await t.rejects(hasher.verify('no hash', 'paper boat'), 'what fails there fails here')
  const { pid = 0 } = hasher
  const threads = readdirSync(`/proc/${pid}/task`).map(Number)
  t.ok(threads.length > 2)
  t.same(threads.map(getPriority), Array(threads.length).fill(NICENESS))
  process.kill(pid, 'SIGTERM')
  t.equal(
    await hasher.verify(hash, 'paper boat'),
    true,
    'a signal to all leaves it to the server when it ends',
  )
  t.equal(hasher.pid, pid)
  hasher[Symbol.dispose]()
  await until('the process has ended', () => !isRunning(pid))
})

t.test('passwords that a process leaves behind are hashed all the same', async (t) => {
  const hasher = start(t)
  const hash = await hasher.hash('paper boat')
  const { pid = 0 } = hasher
  process.kill(pid, 'SIGSTOP')
  const answers = Promise.all(['paper boat', 'paper ship'].map((password) => hasher.verify(hash, password)))
  process.kill(pid, 'SIGKILL')
  t.same(await answers, [true, false])
  t.equal(await hasher.verify(hash, 'paper boat'), true)
  t.not(hasher.pid, pid, 'by another process')
})

t.test('and where there is no such program', async (t) => {
  const hasher = start(t, '/nowhere/hasher.js')
  t.equal(await hasher.verify(await hasher.hash('paper boat'), 'paper boat'), true)
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
