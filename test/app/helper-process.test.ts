import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
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
  const matches = Promise.all(['paper boat', 'paper ship'].map((password) => hasher.verify(hash, password)))
  process.kill(pid, 'SIGKILL')
  t.same(await matches, [true, false])
  t.equal(await hasher.verify(hash, 'paper boat'), true)
  t.not(hasher.pid, pid, 'the next password starts a new process')
})

t.test('Passwords are hashed in this process if the helper program does not exist', async (t) => {
  const hasher = start(t, '/nowhere/helper.js')
  t.equal(await hasher.verify(await hasher.hash('paper boat'), 'paper boat'), true)
})

t.test('A helper process that is stopped is gone after its disposal and does not come back', async (t) => {
  const helper = start(t)
  const hash = await helper.hash('paper boat')
  const pid = pidOf(helper)
  process.kill(pid, 'SIGSTOP')
  await helper[Symbol.asyncDispose]()
  t.notOk(isRunning(pid))
  t.equal(await helper.verify(hash, 'paper boat'), true, 'this process verifies the password')
  t.equal(helper.pid, undefined)
})

t.test('A helper process exits when its server dies', async () => {
  const child = fork(PROGRAM, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  child.send({ id: 1, password: 'paper boat' })
  await once(child, 'message')
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
