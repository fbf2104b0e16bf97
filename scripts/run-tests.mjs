// Runs the given test files, or all, in a pool of processes. On two loaded cores the pool takes 4.4 minutes and 354 s of CPU;
// tap's own runner with Node's type stripping takes 7.4 minutes and 520 s, since it loads tap and the sources for each file.
//
// Prints a line for each file that passes and for each skip, the whole output of a file that fails, and now and then the files
// that still run. It ends with the number of skips and `N passed, N failed`, the sums of the TAP totals. Temporary files go
// into a folder that is removed at the end; a test file that leaves some there fails.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('./test-worker.mjs', import.meta.url))

/** The comment that a process makes when it is done with a file. */
const END_OF_FILE = /^# .*\.test\.ts \d/

const PASS = /^ *ok /
const SKIP = /^ *ok .*# SKIP/
const FAILURE = /^ *not ok /

/** What takes longest begins first, or the last of it would run alone. */
const LONG = [/\/(simulation|network)\//, /\/(attacks|browser|stories)\/|fuzz|tour/]

/** Nobody waits longer without a word. */
const SILENCE_MS = 20_000

const folder = mkdtempSync(join(tmpdir(), 'syncsphere-tests-'))
// Some tests run a server as another user.
chmodSync(folder, 0o755)
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

/** Files that run, with when each began. */
const running = new Map()
const reminder = setInterval(printRunning, SILENCE_MS)

const given = process.argv.slice(2)
const waiting = (given.length > 0 ? given : allFiles()).sort((one, other) => rankOf(one) - rankOf(other))
// One more than there are cores: many tests wait for a timer or for another process.
const workers = Array.from({ length: Math.min(availableParallelism() + 1, waiting.length) }, (_, index) =>
  work(index),
)
const results = await Promise.all(workers)
clearInterval(reminder)
for (const file of waiting) console.log(`not ok: ${file} was not run`)

const sumOf = (name) => results.reduce((sum, result) => sum + result[name], 0)
const passed = sumOf('passed')
const failed = sumOf('failed') + waiting.length
console.log(`${sumOf('skipped')} skipped`)
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
  const temporary = join(folder, String(index))
  mkdirSync(temporary)
  const child = fork(WORKER, [`worker-${index}`], {
    execArgv: ['--import=tsx'],
    // tsx would keep what it makes among the temporary files.
    env: { ...process.env, TMPDIR: temporary, TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const closed = once(child, 'close')
  let file
  // tap sends messages of its own.
  child.on('message', (message) => {
    if (message !== 'next file') return
    running.delete(file)
    file = waiting.shift()
    if (file !== undefined) running.set(file, Date.now())
    child.send({ file })
  })
  let failed = 0
  let said = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (!END_OF_FILE.test(line)) continue
    if (!tell(said)) failed += 1
    reminder.refresh()
    said = []
  }
  const [status] = await closed
  running.delete(file)
  // The last file that it was given is none, unless it died over one.
  if (file !== undefined || (status !== 0 && failed === 0)) {
    console.log(`${said.join('\n')}\nnot ok: ${file ?? WORKER} ended its process, ${status}`)
    failed += 1
  }
  const totals = said.find((line) => line.startsWith('# {'))
  const count = (name) => Number(totals?.match(new RegExp(` ${name}: (\\d+)`))?.[1] ?? 0)
  // What died outside of an assertion, and a file without one, have failed without counting it.
  return { passed: count('pass'), failed: Math.max(count('fail'), failed), skipped: count('skip') }
}

/** Says what came of a file, in a line if all is well. Returns whether it is. */
function tell(said) {
  const isGreen = said.some((line) => PASS.test(line)) && !said.some((line) => FAILURE.test(line))
  const isReported = (line) => END_OF_FILE.test(line) || SKIP.test(line)
  console.log(isGreen ? said.filter(isReported).join('\n') : `${said.join('\n')}\nnot ok`)
  return isGreen
}

function printRunning() {
  const files = [...running].map(([file, began]) => `${file} (${Math.round((Date.now() - began) / 1000)} s)`)
  console.log(`# still running: ${files.join(', ')}; ${waiting.length} files wait`)
}
