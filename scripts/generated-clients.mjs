// Generates clients from the contract, compiles them, and runs one against a server. The generators are installed in a
// temporary folder, because they have more dependencies than the project.
// `npm run clients` ends with `N passed, N failed`.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const contract = join(root, 'openapi.yaml')
const folder = mkdtempSync(join(tmpdir(), 'generated-clients-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const GENERATORS = {
  'hey-api': ['openapi-ts', '-i', contract, '-o', 'clients/hey', '-c', '@hey-api/client-fetch', '--silent'],
  'openapi-zod-client': ['openapi-zod-client', contract, '-o', 'clients/zod/client.ts'],
  'swagger-typescript-api': [
    'swagger-typescript-api',
    'generate',
    '-p',
    contract,
    '-o',
    'clients/swagger',
    '-n',
    'api.ts',
    '--silent',
  ],
  'openapi-typescript': ['openapi-typescript', contract, '-o', 'clients/types.ts'],
}

const results = { passed: 0, failed: 0 }

cpSync(join(root, 'test/generated-clients'), folder, { recursive: true })
cpSync(join(root, '.npmrc'), join(folder, '.npmrc'))
console.log('Installing the client generators …')
execFileSync('npm', ['ci', '--no-fund', '--no-audit', '--silent'], { cwd: folder, stdio: 'inherit' })
mkdirSync(join(folder, 'clients/zod'), { recursive: true })
for (const [name, [command, ...args]] of Object.entries(GENERATORS))
  await step(`${name} generates a client`, () => run(command, args))
await step('all clients compile', () => run('tsc', ['-p', '.']))
await step('a client registers, logs in, uploads and downloads', runStory)
console.log(`${results.passed} passed, ${results.failed} failed`)
process.exitCode = results.failed === 0 ? 0 : 1

function run(command, args) {
  execFileSync(join(folder, 'node_modules/.bin', command), args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function runStory() {
  const outfile = join(folder, 'story.mjs')
  await build({
    entryPoints: [join(folder, 'story.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    logLevel: 'warning',
  })
  const env = {
    ...process.env,
    SYNCSPHERE_PORT: '0',
    SYNCSPHERE_LOG_LEVEL: 'warn',
    SYNCSPHERE_DATA_DIR: join(folder, 'data'),
  }
  const stdio = ['ignore', 'pipe', 'inherit']
  const server = spawn(process.execPath, [join(root, 'dist/bin/regional.js')], { env, stdio })
  const exit = once(server, 'exit')
  try {
    const [line] = await Promise.race([once(server.stdout, 'data'), exit.then(() => [''])])
    const origin = /http:\S+/.exec(String(line))?.[0]
    if (origin === undefined) throw new Error('the server did not start')
    const { story } = await import(pathToFileURL(outfile).href)
    await story(origin)
  } finally {
    server.kill()
    await exit
  }
}

async function step(what, work) {
  try {
    await work()
    results.passed += 1
    console.log(`ok      ${what}`)
  } catch (error) {
    results.failed += 1
    // Generated clients throw the response body.
    console.log(`not ok  ${what}: ${error.message ?? JSON.stringify(error)}\n${String(error.stdout ?? '')}`)
  }
}
