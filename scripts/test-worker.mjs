// Asks its parent for test files and runs them one after another in this process, so that what they import is loaded once
// for all. After each it says so by a comment.
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** For each file, unless it says otherwise. */
const FILE_MS = 120_000

const [program, , name] = process.argv
// tap names its folders of fixtures by what it is loaded from.
process.argv = [program, resolve('test', name)]
const { t } = await import('tap')

for (let file = await nextFile(); file !== undefined; file = await nextFile()) {
  const began = performance.now()
  t.setTimeout(FILE_MS)
  await import(pathToFileURL(file).href)
  if (!t.idle) await once(t, 'idle')
  // A teardown of the whole lets TAP end itself as soon as it has nothing to do.
  if (t.ended) throw new Error(`${file} ended the tests of its process by a teardown outside of a test`)
  const left = readdirSync(tmpdir())
  if (left.length > 0) t.fail(`${file} leaves temporary files behind: ${left.join(', ')}`)
  for (const name of left) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  t.comment(`${file} ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
process.disconnect()

async function nextFile() {
  // tap lets its process end although the parent has not answered.
  process.channel.ref()
  process.send('next file')
  const [{ file }] = await once(process, 'message')
  return file
}
