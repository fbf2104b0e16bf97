// Runs the test files given, or all of them; those of a folder one after another in one process, some folders at a time.
// Tells of each file that passes and of whatever is left out, everything about a folder in which something fails, and at
// the end `N passed, N failed`, made from the totals that TAP ends with.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pLimit from 'p-limit'

const FOLDER_PROGRAM = fileURLToPath(new URL('./run-folder.mjs', import.meta.url))

const given = process.argv.slice(2)
const folders = byFolder(given.length > 0 ? given : allFiles())
// The largest first: what takes longest does not begin last.
folders.sort((one, other) => sizeOf(other) - sizeOf(one))
// One more than there are cores: many tests wait for a timer or for another process.
const atATime = pLimit(availableParallelism() + 1)
const results = await atATime.map(folders, run)

const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, 0)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function allFiles() {
  const names = readdirSync('test', { recursive: true }).filter((name) => name.endsWith('.test.ts'))
  return names.sort().map((name) => join('test', name))
}

function byFolder(files) {
  const folders = [...new Set(files.map((file) => dirname(file)))]
  return folders.map((folder) => files.filter((file) => dirname(file) === folder))
}

function sizeOf(files) {
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}

async function run(files) {
  const child = spawn(process.execPath, ['--import=tsx', FOLDER_PROGRAM, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let tap = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    tap += text
  })
  const [status] = await once(child, 'close')
  const { total, passed, failed } = totalsOf(tap)
  // A process that dies outside of an assertion, or has none, has failed without counting it.
  const isGreen = status === 0 && failed === 0 && total > 0
  if (isGreen) console.log(tap.match(/^# .* s$|^ *ok .*# SKIP.*/gm).join('\n'))
  else console.log(`${tap}\nnot ok: ${files.join(' ')}`)
  return { passed, failed: isGreen ? 0 : Math.max(1, failed) }
}

function totalsOf(tap) {
  const count = (name) => Number(tap.match(new RegExp(`^# \\{.* ?${name}: (\\d+)`, 'm'))?.[1] ?? 0)
  return { total: count('total'), passed: count('pass'), failed: count('fail') }
}
