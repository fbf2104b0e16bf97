// Runs the test files given, or all of them, in a few processes that each take the next file when they are done with one.
// Tells of each file that passes and of whatever is left out, everything about a file in which something fails, and at the
// end `N passed, N failed`, made from the totals that TAP ends with.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('./test-worker.mjs', import.meta.url))

/** The comment that a process makes when it is done with a file. */
const END_OF_FILE = /^# .*\.test\.ts \d/

/** What takes longest begins first, or the last of it would run alone. */
const LONG = [/\/(simulation|network)\//, /\/(attacks|browser|stories)\/|fuzz|tour/]

const given = process.argv.slice(2)
const waiting = (given.length > 0 ? given : allFiles()).sort((one, other) => rankOf(one) - rankOf(other))
// One more than there are cores: many tests wait for a timer or for another process.
const workers = Array.from({ length: Math.min(availableParallelism() + 1, waiting.length) }, (_, index) =>
  work(index),
)
const results = await Promise.all(workers)
for (const file of waiting) console.log(`not ok: ${file} was not run`)

const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, waiting.length)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function allFiles() {
  const names = readdirSync('test', { recursive: true }).filter((name) => name.endsWith('.test.ts'))
  return names.sort().map((name) => join('test', name))
}

function rankOf(file) {
  const rank = LONG.findIndex((pattern) => pattern.test(file))
  return rank === -1 ? LONG.length : rank
}

/** Gives files to one process, each when it asks for one, until none waits or the process dies. */
async function work(index) {
  const child = fork(WORKER, [`worker-${index}`], {
    execArgv: ['--import=tsx'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const closed = once(child, 'close')
  let file
  // tap sends messages of its own.
  child.on('message', (message) => {
    if (message !== 'next file') return
    file = waiting.shift()
    child.send({ file })
  })
  let failed = 0
  let said = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (!END_OF_FILE.test(line)) continue
    failed += tell(said) ? 0 : 1
    said = []
  }
  const [status] = await closed
  // The last file that it was given is none, unless it died over one.
  const died = file !== undefined || (status !== 0 && failed === 0)
  if (died) console.log(`${said.join('\n')}\nnot ok: ${file ?? WORKER} ended its process, ${status}`)
  const totals = totalsOf(said)
  // What died outside of an assertion, and a file without one, have failed without counting it.
  return { passed: totals.passed, failed: Math.max(totals.failed, failed + Number(died)) }
}

/** Says what came of a file, in a line if all is well. Returns whether it is. */
function tell(said) {
  const isGreen = said.some(isPass) && !said.some(isFailure)
  const isTold = (line) => END_OF_FILE.test(line) || /^ *ok .*# SKIP/.test(line)
  console.log(isGreen ? said.filter(isTold).join('\n') : `${said.join('\n')}\nnot ok`)
  return isGreen
}

function isPass(line) {
  return /^ *ok /.test(line)
}

function isFailure(line) {
  return /^ *not ok /.test(line)
}

function totalsOf(said) {
  const totals = said.find((line) => line.startsWith('# {')) ?? ''
  const count = (name) => Number(totals.match(new RegExp(` ${name}: (\\d+)`))?.[1] ?? 0)
  return { passed: count('pass'), failed: count('fail') }
}
