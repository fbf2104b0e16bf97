import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import { applyMutant, type Source } from './edit.js'
import { MUTANTS } from './mutants.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const sources: Source[] = globSync('src/**/*.ts', { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}))

t.test('Every mutant has a description and existing tests, and matches the sources', async (t) => {
  t.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length, 'names are unique')
  t.ok(MUTANTS.length >= 37, `${MUTANTS.length} mutants`)
  for (const mutant of MUTANTS) {
    const { name, what, breaks, tests } = mutant
    t.match(what, /^[A-Z].*\.$/, name)
    t.match(breaks, /^.*\.$/, name)
    t.ok(tests.length > 0 && tests.every((path) => existsSync(join(root, path))), `${name} by ${tests}`)
    t.doesNotThrow(() => applyMutant(sources, mutant), `${name} fits`)
    t.same(unknownNames(mutant), [], `${name} uses names of the sources`)
  }
})

/** Names that an edited source uses, but neither declares nor used before: what they named has another name now. */
function unknownNames(mutant: (typeof MUTANTS)[number]): string[] {
  return applyMutant(sources, mutant).flatMap(({ path, text }) => {
    const before = namesIn(sources.find((source) => source.path === path)?.text ?? '')
    const { used, declared } = namesIn(text)
    const known = new Set([
      ...before.used,
      ...before.declared,
      ...declared,
      ...Object.getOwnPropertyNames(globalThis),
    ])
    return [...used].filter((name) => !known.has(name))
  })
}

/** Identifiers and private names of a source, without types and the names of other properties. */
function namesIn(text: string): { used: Set<string>; declared: Set<string> } {
  const [used, declared] = [new Set<string>(), new Set<string>()]
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return
    const { parent } = node
    if (ts.isPrivateIdentifier(node)) used.add(node.text)
    else if (ts.isIdentifier(node) && (ts.isVariableDeclaration(parent) || ts.isParameter(parent)))
      (parent.name === node ? declared : used).add(node.text)
    else if (ts.isIdentifier(node)) {
      const isProperty =
        (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node
      if (!isProperty) used.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true))
  return { used, declared }
}

t.test('An edit that matches no fragment, or two, is rejected', async (t) => {
  const text = 'export class A {\n  b() {\n    c()\n    c()\n  }\n}\nfunction d() {\n  e(\n    1,\n  )\n}\n'
  const edited = (declaration: string, replace: string) =>
    applyMutant([{ path: 'a.ts', text }], {
      name: 'x',
      what: 'X.',
      breaks: 'x.',
      tests: [],
      edits: [{ in: declaration, replace, by: 'f()' }],
    })
  t.throws(() => edited('A.x', 'c()'), /0 fragments/)
  t.throws(() => edited('A.b', 'c()'), /2 fragments/)
  t.throws(() => edited('A.b', 'e()'), /0 fragments/)
  t.match(edited('d', 'e( 1, )')[0]?.text, /function d\(\) {\n {2}f\(\)\n}/)
})
