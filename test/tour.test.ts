/**
 * The tour of README.md, run as it stands there: every command of its `bash` blocks, in order, in one bash, and its
 * output compared with the one shown. The ports of `npm start` are exchanged for free ones, and ids, hashes and times
 * for placeholders (see tour/placeholders.ts); every other character has to be the same.
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
// On CI nothing may be skipped: there the tour runs, and fails for want of the tool.
const skip = missing.length > 0 && !process.env.CI ? `missing: ${missing.join(', ')}` : false

/** What `npm start` starts. */
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

test('the tour of the README shows what really happens', { skip, timeout: 120_000 }, async (t) => {
  const steps = stepsOf(await readFile('README.md', 'utf8'))
  const folder = await mkdtemp(join(tmpdir(), 'tour-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await using servers = await openSphere(folder)
  await using shell = new Shell({ ...process.env, TMPDIR: folder, LC_ALL: 'C.UTF-8' })
  const shown = new Placeholders()
  const seen = new Placeholders()
  for (const { line, command, output } of steps) {
    const result = await shell.run(servers.toActual(command))
    // A terminal shows no carriage return.
    const found = seen.replace(servers.toDocumented(result.output)).replaceAll('\r', '').trimEnd()
    t.strictSame(
      { output: found, status: result.status },
      { output: shown.replace(output).trimEnd(), status: 0 },
      `README.md:${line}: ${command}`,
    )
  }
  t.ok(steps.length > 20, 'the tour has its commands')
})
