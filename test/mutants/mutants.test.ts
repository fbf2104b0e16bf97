import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { mutated, type Source } from './edit.js'
import { MUTANTS } from './mutants.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const sources: Source[] = globSync('src/**/*.ts', { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}))

t.test('every mutant says what it breaks, names tests that exist, and fits the sources', async (t) => {
  t.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length, 'names are unique')
  t.ok(MUTANTS.length >= 37, `${MUTANTS.length} mutants`)
  for (const mutant of MUTANTS) {
    const { name, what, breaks, tests } = mutant
    t.match(what, /^[A-Z].*\.$/, name)
    t.match(breaks, /^.*\.$/, name)
    t.ok(tests.length > 0 && tests.every((path) => existsSync(join(root, path))), `${name} by ${tests}`)
    t.doesNotThrow(() => mutated(sources, mutant), `${name} fits`)
  }
})

t.test('an edit that fits nowhere, or in two places, is refused', async (t) => {
  const text = 'export class A {\n  b() {\n    c()\n    c()\n  }\n}\nfunction d() {\n  e(\n    1,\n  )\n}\n'
  const edited = (declaration: string, replace: string) =>
    mutated([{ path: 'a.ts', text }], {
      name: 'x',
      what: 'X.',
      breaks: 'x.',
      tests: [],
      edits: [{ in: declaration, replace, by: 'f()' }],
    })
  t.throws(() => edited('A.x', 'c()'), /0 places/)
  t.throws(() => edited('A.b', 'c()'), /2 places/)
  t.throws(() => edited('A.b', 'e()'), /0 places/)
  t.match(edited('d', 'e( 1, )')[0]?.text, /function d\(\) {\n {2}f\(\)\n}/)
})
