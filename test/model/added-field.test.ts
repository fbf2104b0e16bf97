import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'

const PROGRAM = fileURLToPath(new URL('../support/merge-added-field.ts', import.meta.url))

// A process of its own, since the declaration of the tables changes.
test('Changes and snapshots of a table with an optional field merge like those without', async (t) => {
  const env = { ...process.env, TAP_GREP: '/^files: /' }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', PROGRAM], {
    env,
    encoding: 'utf8',
  })
  t.equal(status, 0, stdout + stderr)
  t.match(stdout, 'pass: 2', 'both properties of files held')
})
