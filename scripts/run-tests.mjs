// Runs tap with the arguments given: one line for each file that passes, everything about one that does not, and at the
// end `N passed, N failed` made from tap's totals. The exit code is tap's; a run without a single assertion fails as well.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const tap = fileURLToPath(new URL('../node_modules/.bin/tap', import.meta.url))
const run = spawn(tap, ['--reporter=tap', ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'inherit'] })
const closed = once(run, 'close')

let passed = 0
let failed = 0
let file = []
for await (const line of createInterface({ input: run.stdout })) {
  const totals = line.match(/^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?/)
  if (totals) {
    passed = Number(totals[1] ?? 0)
    failed = Number(totals[2] ?? 0)
  } else if (/^(not )?ok /.test(line)) {
    if (line.startsWith('not ')) console.log(file.join('\n'))
    console.log(line)
    file = []
  } else {
    file.push(line)
  }
}

const [status] = await closed
let exitCode = status ?? 1
if (passed + failed === 0) exitCode ||= 1
// A file that dies outside of an assertion fails the run without being counted.
if (exitCode !== 0) failed ||= 1
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = exitCode
