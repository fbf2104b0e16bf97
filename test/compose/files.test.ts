/** Checks docker-compose.yml, its server file and the Dockerfile without an engine. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml'
import { test } from 'tap'
import { newDataDir } from '../support/data-dir.js'
import { documentedVariables } from '../support/documented-variables.js'
import { ServerProcess } from '../support/server-process.js'

interface Service {
  command?: string[]
  entrypoint?: string[]
  environment?: Record<string, string | null>
  healthcheck?: { test: string[] }
}

const PROJECT = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8')
const servicesOf = (file: string) =>
  (load(read(file), { schema: CORE_SCHEMA.withTags(mergeTag) }) as { services: Record<string, Service> })
    .services
const base = servicesOf('docker-compose.server.yml') as Record<'grand' | 'regional', Service>

/** Fixed by the image or by the published port. */
const FIXED = ['SYNCSPHERE_HOST', 'SYNCSPHERE_PORT', 'SYNCSPHERE_DATA_DIR']
/** Set separately for each server in docker-compose.yml. */
const OWN = ['SYNCSPHERE_NAME', 'SYNCSPHERE_CERTS_DIR']

test('Every variable documented for a kind of server is passed to its container', async (t) => {
  const documented = documentedVariables()
  for (const kind of ['regional', 'grand'] as const) {
    const passed = Object.keys(base[kind].environment ?? {})
    const expected = documented
      .filter(({ readBy, name }) => readBy.includes(kind) && !FIXED.includes(name))
      .map(({ name }) => name)
      .filter((name) => kind === 'grand' || !OWN.includes(name))
    t.strictSame(passed.sort(), expected.sort(), kind)
  }
})

test('Every variable of docker-compose.yml is documented with its default', async (t) => {
  const text = read('docker-compose.yml') + read('docker-compose.server.yml')
  const used = new Map([...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [name, value]))
  const documented = documentedVariables().filter(({ readBy }) => readBy.includes('Compose'))
  t.strictSame(new Map(documented.map(({ name, defaults }) => [name, defaults.get('Compose')])), used)
})

test("Containers run the project's programs directly, without a shell", async (t) => {
  const services = [...Object.values(base), ...Object.values(servicesOf('docker-compose.yml'))]
  for (const { entrypoint, command, healthcheck } of services) {
    const lines = [entrypoint ?? command, healthcheck?.test.slice(1)].filter((line) => line !== undefined)
    for (const [program, ...words] of lines) {
      const argument = words.find((word) => !word.startsWith('--'))
      t.ok(
        program === 'syncsphere' || (program === 'node' && argument?.startsWith('dist/bin/')),
        `${program} ${argument}`,
      )
    }
  }
})

test('Every way to start a server gives Node.js the same flags', async (t) => {
  const flags = (text: string) => text.match(/--[a-z0-9-]+(=[0-9]+)?/g)
  const lineOf = (file: string, word: string) =>
    read(file)
      .split('\n')
      .find((line) => line.includes(word)) ?? ''
  const expected = flags(lineOf('src/app/sphere.ts', 'NODE_FLAGS ='))
  t.ok(expected?.includes('--disable-sigusr1'))
  t.strictSame(flags(lineOf('Dockerfile', 'CMD [')), expected, 'the image, and so a regional of Compose')
  t.strictSame(flags((base.grand.command ?? []).join(' ')), expected, 'the grand of Compose')
  t.equal(base.regional.command, undefined)
  t.strictSame(flags(lineOf('docs/syncsphere@.service', 'ExecStart=')), expected, 'systemd')
})

test('The image contains exactly the packages that the built programs import', async (t) => {
  const [, list] = /cp -r --parents (.*) \/packages/.exec(read('Dockerfile')) ?? []
  const image = await newDataDir(t)
  for (const name of ['dist', 'migrations'])
    cpSync(join(PROJECT, name), join(image, name), { recursive: true })
  for (const name of ['openapi.yaml', 'package.json']) cpSync(join(PROJECT, name), join(image, name))
  for (const name of (list ?? '').split(' ')) {
    const target = join(image, 'node_modules', name)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(PROJECT, 'node_modules', name), target, { recursive: true })
  }
  const server = new ServerProcess({ DATA_DIR: join(image, 'data') }, join(image, 'dist/bin/regional.js'))
  t.teardown(() => server.kill())
  await server.serves()
  for (const path of ['/docs/', '/docs/static/swagger-ui-bundle.js'])
    t.equal((await fetch(server.url + path)).status, 200, path)
  const dana = server.person('dana')
  t.teardown(() => dana.close())
  await dana.register()
  await dana.logIn()
  t.equal((await dana.get('/me')).status, 200)
})
