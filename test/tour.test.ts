/**
 * Runs the tour of README.md: every command of its `bash` blocks, in order, in one bash. The output must equal the one
 * shown, except that ports, ids, hashes and times are replaced by placeholders (tour/placeholders.ts).
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { ensureCertificates } from '../src/certs/folder.js'
import { Placeholders } from './tour/placeholders.js'
import { Servers } from './tour/servers.js'
import { Shell } from './tour/shell.js'
import { stepsOf } from './tour/steps.js'

const missing = ['curl', 'jq', 'lsof'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
// On CI the tour is never skipped: it fails if a tool is missing.
const skip = missing.length > 0 && !process.env.CI ? `missing: ${missing.join(', ')}` : false

/** Starts the servers of `npm start`. */
async function openSphere(folder: string): Promise<Servers> {
  const servers = new Servers(folder)
  const certsDir = join(folder, 'certs')
  await ensureCertificates(certsDir, { names: ['grand', 'eu', 'us', 'ap'], now: new Date() })
  const grand = { name: 'grand', program: 'grand', documentedPort: 9000 } as const
  const grandPort = await servers.start(grand, { CERTS_DIR: certsDir })
  const env = { CERTS_DIR: certsDir, GRAND_URL: `https://127.0.0.1:${grandPort}` }
  for (const [index, name] of ['eu', 'us', 'ap'].entries()) {
    await servers.start({ name, program: 'regional', documentedPort: 5001 + index }, env)
  }
  return servers
}

test('The tour of the README shows the actual output of its commands', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const steps = stepsOf(await readFile('README.md', 'utf8'))
  const folder = await mkdtemp(join(tmpdir(), 'tour-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await using servers = await openSphere(folder)
  await using shell = new Shell({ ...process.env, TMPDIR: folder, LC_ALL: 'C.UTF-8' })
  const shown = new Placeholders()
  const seen = new Placeholders()
  for (const { line, command, output } of steps) {
    const result = await shell.run(servers.toActual(command))
    // A terminal does not show carriage returns.
    const found = seen.replace(servers.toDocumented(result.output)).replaceAll('\r', '').trimEnd()
    t.strictSame(
      { output: found, status: result.status },
      { output: shown.replace(output).trimEnd(), status: 0 },
      `README.md:${line}: ${command}`,
    )
  }
  t.ok(steps.length > 20, 'the tour has more than 20 commands')
})
