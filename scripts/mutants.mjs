// Tests the tests. Plants each bug of test/mutants/mutants.ts in a copy of the tree; the tests that the mutant names have
// to go red. `npm run mutants -- lost-stamp no-fsync` plants only those whose names begin so.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutated } from '../test/mutants/edit.ts'
import { MUTANTS } from '../test/mutants/mutants.ts'

/** A test that still runs after so long proves nothing. */
const MAX_TEST_MS = 600_000

const NOT_COPIED = new Set(['.git', '.tap', 'coverage', 'data', 'dist', 'node_modules', 'certs/dev'])

const root = fileURLToPath(new URL('..', import.meta.url))
const mutants = mutantsNamed(process.argv.slice(2))
const tree = copyOfTree()
process.once('exit', () => rmSync(tree, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

if (mutants.length === 0) fail('There is no such mutant.')
if (compile() !== undefined) fail('the tree does not compile')
for (const test of new Set(mutants.flatMap(({ tests }) => tests))) {
  const { isGreen, said, seconds } = await run(test)
  if (!isGreen) fail(`${test} is red without any bug: ${said}`)
  console.log(`green   ${test}  (${seconds} s)`)
}

let missed = 0
for (const mutant of mutants) {
  const { isCaught, said } = await plant(mutant)
  if (!isCaught) missed += 1
  console.log(`${mutant.name}: ${said}`)
}
console.log(`${mutants.length - missed} caught, ${missed} missed`)
process.exitCode = missed === 0 ? 0 : 1

function mutantsNamed(wanted) {
  return MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)))
}

function copyOfTree() {
  const to = mkdtempSync(join(tmpdir(), 'mutants-'))
  const isWanted = (path) => !NOT_COPIED.has(relative(root, path).split(sep).join('/'))
  for (const name of readdirSync(root)) {
    const from = join(root, name)
    if (isWanted(from)) cpSync(from, join(to, name), { recursive: true, filter: isWanted })
  }
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
  mkdirSync(join(to, 'tmp'))
  return to
}

/** Plants one bug, looks whether every test that has to find it does, and takes the bug away again. */
async function plant(mutant) {
  const paths = globSync('src/**/*.ts', { cwd: tree })
  const sources = paths.map((path) => ({ path, text: readFileSync(join(tree, path), 'utf8') }))
  const changed = mutated(sources, mutant)
  write(changed)
  try {
    const error = compile()
    if (error !== undefined) return { isCaught: false, said: `does not compile: ${error}` }
    const found = []
    for (const test of mutant.tests) {
      const { isRed, said, seconds } = await run(test)
      if (!isRed) return { isCaught: false, said: `NOT CAUGHT by ${test}: ${said}  (${seconds} s)` }
      found.push(`caught by ${test}: “${said}”  (${seconds} s)`)
    }
    return { isCaught: true, said: found.join('; ') }
  } finally {
    write(sources.filter(({ path }) => changed.some((one) => one.path === path)))
  }
}

function write(sources) {
  for (const { path, text } of sources) writeFileSync(join(tree, path), text)
}

/** What is wrong with the types, if anything: a bug that nobody could build would be caught by everything. */
function compile() {
  try {
    const types = ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', '.tsbuildinfo']
    execFileSync(join(root, 'node_modules/.bin/tsc'), types, { cwd: tree })
    execFileSync(process.execPath, ['scripts/bundle.mjs'], { cwd: tree })
  } catch (error) {
    return String(error.stdout).split('\n')[0]
  }
}

/** Runs one test file up to its first failure. Red is only what a test says to be: to end otherwise proves nothing. */
async function run(test) {
  const began = performance.now()
  const env = {
    ...process.env,
    TAP_BAIL: '1',
    TAP_TIMEOUT: '300',
    TMPDIR: join(tree, 'tmp'),
  }
  const child = spawn(process.execPath, ['--import=tsx', test], {
    cwd: tree,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const end = () => endGroup(child.pid)
  process.once('exit', end)
  const tooLong = setTimeout(end, MAX_TEST_MS)
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [status] = await once(child, 'close')
  clearTimeout(tooLong)
  process.off('exit', end)
  end()
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const failure = firstFailure(output)
  const isGreen = status === 0 && /^ok /m.test(output)
  const isRed = status !== 0 && failure !== undefined
  return { isGreen, isRed, said: failure ?? (isGreen ? 'green' : 'ended without a verdict'), seconds }
}

/** The name of the first test in a file's TAP that failed. */
function firstFailure(output) {
  const at = output.search(/^ *not ok /m)
  if (at < 0) return undefined
  const begun = [...output.slice(0, at).matchAll(/^# Subtest: (.*)$/gm)]
  return begun.at(-1)?.[1] ?? output.slice(at).split('\n')[0]
}

/** Whatever a test has left running goes with it. */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

function fail(reason) {
  console.error(reason)
  process.exit(1)
}
