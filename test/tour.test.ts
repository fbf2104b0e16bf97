/**
 * The tour of README.md, run as it stands there: every command of its `console` blocks, in order, in one bash, and its
 * output compared with the one shown. The ports of `npm start` are exchanged for free ones, and ids, hashes and times
 * for placeholders (see tour/placeholders.ts); every other character has to be the same.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { Placeholders } from './tour/placeholders.js'
import { Servers } from './tour/servers.js'
import { Shell } from './tour/shell.js'
import { stepsOf } from './tour/steps.js'

/** Exit status of curl when its `-m` ended what has no end of its own, an event stream. */
const TIMED_OUT = 28

test('the tour of the README shows what really happens', { timeout: 120_000 }, async (t) => {
  const steps = stepsOf(await readFile('README.md', 'utf8'))
  const folder = await mkdtemp(join(tmpdir(), 'tour-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await using servers = new Servers(folder)
  await servers.start({ name: 'eu', program: 'regional', documentedPort: 5001 })
  await using shell = new Shell({ ...process.env, TMPDIR: folder, LC_ALL: 'C.UTF-8' })
  const shown = new Placeholders()
  const seen = new Placeholders()
  for (const { line, command, output } of steps) {
    const result = await shell.run(servers.toActual(command))
    const name = `README.md:${line}: ${command}`
    t.equal(seen.replace(servers.toDocumented(result.output)), shown.replace(output), name)
    t.ok([0, TIMED_OUT].includes(result.status), `${name}: exit status ${result.status}`)
  }
  t.ok(steps.length > 20, 'the tour has its commands')
})
