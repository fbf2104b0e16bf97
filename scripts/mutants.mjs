// Mutation testing: applies each mutant of test/mutants/mutants.ts to a copy of the tree. Every test that the mutant
// names must fail. `npm run mutants -- lost-stamp no-fsync` runs only mutants with these prefixes.
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
import { applyMutant } from '../test/mutants/edit.ts'
import { MUTANTS } from '../test/mutants/mutants.ts'

/** Time limit of a test; a test that times out has not caught the mutant. */
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
  const { isGreen, summary, seconds } = await run(test)
  if (!isGreen) fail(`${test} fails without a mutant: ${summary}`)
  console.log(`green   ${test}  (${seconds} s)`)
}

let missed = 0
for (const mutant of mutants) {
  const { isCaught, summary } = await testMutant(mutant)
  if (!isCaught) missed += 1
  console.log(`${mutant.name}: ${summary}`)
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

/** Applies a mutant, runs the tests that must catch it, and reverts it. */
async function testMutant(mutant) {
  const paths = globSync('src/**/*.ts', { cwd: tree })
  const sources = paths.map((path) => ({ path, text: readFileSync(join(tree, path), 'utf8') }))
  const changed = applyMutant(sources, mutant)
  write(changed)
  try {
    const error = compile()
    if (error !== undefined) return { isCaught: false, summary: `does not compile: ${error}` }
    const found = []
    for (const test of mutant.tests) {
      const { isRed, summary, seconds } = await run(test)
      if (!isRed) return { isCaught: false, summary: `NOT CAUGHT by ${test}: ${summary}  (${seconds} s)` }
      found.push(`caught by ${test}: “${summary}”  (${seconds} s)`)
    }
    return { isCaught: true, summary: found.join('; ') }
  } finally {
    write(sources.filter(({ path }) => changed.some((one) => one.path === path)))
  }
}

function write(sources) {
  for (const { path, text } of sources) writeFileSync(join(tree, path), text)
}

/** Returns the first type error, if any: every test would catch a mutant that does not compile. */
function compile() {
  try {
    const types = ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', '.tsbuildinfo']
    execFileSync(join(root, 'node_modules/.bin/tsc'), types, { cwd: tree })
    execFileSync(process.execPath, ['scripts/bundle.mjs'], { cwd: tree })
  } catch (error) {
    return String(error.stdout).split('\n')[0]
  }
}

/** Runs a test file up to its first failure. An exit without a failed assertion does not count as caught. */
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
  return { isGreen, isRed, summary: failure ?? (isGreen ? 'green' : 'ended without a verdict'), seconds }
}

/** The name of the first failed test in TAP output. */
function firstFailure(output) {
  const at = output.search(/^ *not ok /m)
  if (at < 0) return undefined
  const begun = [...output.slice(0, at).matchAll(/^# Subtest: (.*)$/gm)]
  return begun.at(-1)?.[1] ?? output.slice(at).split('\n')[0]
}

/** Kills all processes that a test has left running. */
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
