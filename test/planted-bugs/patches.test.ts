import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = dirname(fileURLToPath(import.meta.url))
const root = join(folder, '../..')
const patches = readdirSync(folder).filter((name) => name.endsWith('.patch'))

t.test('every planted bug says what it breaks, names a test that is there, and still applies', async (t) => {
  t.ok(patches.length >= 12, `${patches.length} bugs`)
  for (const name of patches) {
    const path = join(folder, name)
    const [what, breaks, test, ...diff] = readFileSync(path, 'utf8').split('\n')
    t.match(what, /^[A-Z].*\.$/, name)
    t.match(breaks, /^Breaks: .*\.$/, name)
    const tests = /^Test: (.*)$/.exec(test ?? '')?.[1]?.split(' ') ?? []
    t.ok(tests.length > 0 && tests.every((path) => existsSync(join(root, path))), `${name} by ${test}`)
    t.notOk(
      diff.some((line) => /^(---|\+\+\+) (?!a\/src\/|b\/src\/)/.test(line)),
      `${name} is about src/`,
    )
    t.doesNotThrow(
      () => execFileSync('git', ['apply', '--check', path], { cwd: root, stdio: 'pipe' }),
      `${name} applies`,
    )
  }
})
