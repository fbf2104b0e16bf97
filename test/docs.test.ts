/** Checks the Markdown pages against the tree and the code. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { test } from 'tap'
import { describeProgram } from '../src/config/config.js'
import { parseByteSize } from '../src/lib/byte-size.js'
import { documentedVariables } from './support/documented-variables.js'
import { readTable } from './support/markdown-table.js'

const read = (file: string) => readFileSync(file, 'utf8')
const pages = globSync(['*.md', '{certs,docs,test}/**/*.md'])

/** The text outside of fenced code blocks. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```$/gm, '')
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  const headings = [...prose(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function isBroken(page: string, link: string): boolean {
  const [path, anchor] = link.split('#')
  const target = path ? join(dirname(page), path) : page
  if (!existsSync(target)) return true
  return anchor !== undefined && !anchorsOf(target).includes(anchor)
}

test('Every relative link of a page leads to an existing file and heading', async (t) => {
  t.ok(pages.length > 8, 'more than eight pages were checked')
  for (const page of pages) {
    const links = [...prose(read(page)).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    const relative = links.filter((link) => !/^[a-z]+:/.test(link))
    t.strictSame(
      relative.filter((link) => isBroken(page, link)),
      [],
      page,
    )
  }
})

test('Every path that a page names exists', async (t) => {
  for (const page of pages.filter((name) => !name.includes('performance-log'))) {
    const paths = [...read(page).matchAll(/`((?:src|test|scripts|migrations|bench)\/[\w./-]+)`/g)]
    const missing = paths.map(([, path = '']) => path).filter((path) => !existsSync(path))
    t.strictSame(missing, [], page)
  }
})

test('The README has at most 250 lines', async (t) => {
  t.ok(read('README.md').split('\n').length - 1 <= 250)
})

test('The README lists exactly the operations of the contract', async (t) => {
  const contract = load(read('openapi.yaml')) as { paths: Record<string, object> }
  const declared = Object.entries(contract.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => ['get', 'post', 'put', 'patch', 'delete'].includes(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
  const listed = readTable(read('README.md'), 'area').flatMap(({ operations = '' }) => {
    let path = ''
    const codes = [...operations.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
    // In `GET`, `PATCH /me` a method without a path shares the path of the next one.
    return codes.reverse().map((code) => {
      const [method, own] = code.split(' ')
      path = own ?? path
      return `${method} ${path}`
    })
  })
  t.strictSame(listed.sort(), declared.sort())
})

test('docs/operations.md lists the variables that each program reads, with their defaults', async (t) => {
  for (const [program, reader] of [
    ['regional', 'regional'],
    ['grand', 'grand'],
    ['sphere', 'npm start'],
  ] as const) {
    const lines = describeProgram(program).split('\n')
    const described = new Map(
      lines.map((line) => {
        const [, name = '', fallback] = /^ +(\w+) .*?(?: \(([^ ()]+)\))?$/.exec(line) ?? []
        return [name, fallback]
      }),
    )
    const documented = documentedVariables().filter(({ readBy }) => readBy.includes(reader))
    t.strictSame(documented.map(({ name }) => name).sort(), [...described.keys()].sort(), program)
    for (const { name, defaults } of documented) {
      if (name.endsWith('_DATA_DIR') && program !== 'sphere') continue
      const value = defaults.get(reader)
      const bytes = value?.includes(' ') ? String(parseByteSize(value)) : value
      t.equal(bytes, described.get(name), `${program}: ${name}`)
    }
  }
})

test('docs/operations.md explains every warning and error that servers log', async (t) => {
  const page = read('docs/operations.md')
  const messages = globSync('src/**/*.ts').flatMap((file) =>
    [...read(file).matchAll(/\b(?:logger|log)\.(?:warn|error|fatal)\(\s*[^']*?'([^']+)',?\s*\)/g)].map(
      ([, message = '']) => message,
    ),
  )
  t.ok(messages.length > 25, 'more than 25 messages were found in the sources')
  t.strictSame(
    messages.filter((message) => !page.includes(`\`${message}\``)),
    [],
  )
})

test('docs/operations.md explains every reason for which a server cannot store', async (t) => {
  const page = read('docs/operations.md')
  const [file = ''] = globSync('src/**/storage-fault.ts')
  const reasons = [...read(file).matchAll(/^ {2}\['\w+', '(.+)'\],$/gm)].map(([, reason = '']) => reason)
  t.ok(reasons.length > 20, 'more than 20 reasons were found in the sources')
  t.strictSame(
    reasons.filter((reason) => !page.includes(`\`${reason}\``)),
    [],
  )
})

test('The container, the compose file and the unit file start servers with the flags of `npm start`', async (t) => {
  const [, started = ''] = /NODE_FLAGS = (.*)/.exec(read('src/app/sphere.ts')) ?? []
  // The grand's container has no need of the flag for SIGUSR1.
  const flags = [...started.matchAll(/--[a-z0-9=-]+/g)]
    .map(([flag]) => flag)
    .filter((flag) => !flag.includes('sigusr1'))
  t.ok(flags.length >= 3)
  for (const file of ['Dockerfile', 'docker-compose.server.yml', 'docs/syncsphere@.service'])
    for (const flag of flags) t.ok(read(file).includes(flag), `${file}: ${flag}`)
})
