// Builds the programs and the JSON of the contract into dist/, unless they are built from the same sources already. So a
// start takes no longer than it must, and needs neither esbuild (`npm ci --omit=dev`) nor a folder that can be written.
// `npm run build` checks the types first.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the programs are made from, beside src/. */
const SOURCES = [
  'openapi.yaml',
  'package.json',
  'package-lock.json',
  'scripts/bundle.mjs',
  'scripts/esbuild.mjs',
]

/** The contract as a server reads it. */
const CONTRACT = 'dist/openapi.json'

/** Holds the hash of the sources that dist/ was made from. */
const STAMP = 'dist/made-from'

/** Programs that other programs start, and nobody else. */
const HELPERS = ['helper']

const { bin, engines } = JSON.parse(readFileSync('package.json', 'utf8'))
const programs = Object.values(bin).map((path) => /([a-z-]+)\.js$/.exec(path)[1])

const hash = hashOfSources()
if (!isBuiltFrom(hash)) await build()

function hashOfSources() {
  const sha256 = createHash('sha256')
  for (const path of [...SOURCES, ...filesBelow('src')]) {
    const bytes = readFileSync(path)
    sha256.update(`${path} ${bytes.length}\n`).update(bytes)
  }
  return sha256.digest('hex')
}

function filesBelow(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.map(({ parentPath, name }) => join(parentPath, name)).sort()
}

function isBuiltFrom(hash) {
  const launchers = programs.map((name) => `dist/bin/${name}.js`)
  const bundles = [...programs, ...HELPERS].map((name) => `dist/lib/${name}.js`)
  return [...launchers, ...bundles, CONTRACT, STAMP].every(existsSync) && readFileSync(STAMP, 'utf8') === hash
}

async function build() {
  try {
    const { bundle, writeContract, writeLaunchers } = await import('./esbuild.mjs')
    // One that is cut off half-way does not count as built.
    rmSync(STAMP, { force: true })
    await bundle([...programs, ...HELPERS])
    writeLaunchers(programs, engines.node)
    writeContract(CONTRACT)
    writeFileSync(STAMP, hash)
  } catch (error) {
    const [reason] = error.message.split('\n')
    console.error(`The programs are not built from these sources, and cannot be built here: ${reason}`)
    process.exitCode = 1
  }
}
