// Runs test files of one folder one after another in this process, so that what they import is loaded once for all.
import { once } from 'node:events'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

/** For each file, unless it says otherwise. */
const FILE_MS = 120_000

const [program, , ...files] = process.argv
// tap names its folders of fixtures by what it is loaded from.
process.argv = [program, dirname(files[0])]
const { t } = await import('tap')

for (const file of files) {
  const began = performance.now()
  t.setTimeout(FILE_MS)
  await import(pathToFileURL(file).href)
  if (!t.idle) await once(t, 'idle')
  // A teardown of the whole lets TAP end itself as soon as it has nothing to do.
  if (t.ended) throw new Error(`${file} ended the tests of its folder by a teardown outside of a test`)
  t.comment(`${file} ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
