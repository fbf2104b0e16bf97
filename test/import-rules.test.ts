/** Checks that `npm run lint` refuses what the rules of import forbid, in a copy of the sources with offending modules. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'tap'
import { newDataDir } from './support/data-dir.js'

/** A file of the sources, which may be new, and what it must not import. */
const FORBIDDEN_IMPORTS: [file: string, imported: string][] = [
  ['sync/channel.ts', '../http/limits.js'],
  ['sync/protocol.ts', '../domain/files.js'],
  ['sync/protocol.ts', '../db/engine/database.js'],
  ['sync/extra/x.ts', '../../http/server.js'],
  ['sync/extra/x.ts', '../grand/server.js'],
  ['sync/extra/x.ts', '../regional/session.js'],
  ['sync/x.ts', './protocol.js'],
  ['sync/grand/x.ts', '../regional/back-off.js'],
  ['sync/regional/x.ts', '../../http/limits.js'],
  ['dav/x.ts', '../domain/files.js'],
  ['dav/x.ts', 'node:fs'],
  ['x.ts', './lib/json.js'],
  ['model/x.ts', 'node:crypto'],
  ['model/x.ts', 'uuidv7'],
  ['model/x.ts', 'pino'],
  ['model/x.ts', '../lib/random.js'],
  ['net/x.ts', 'fastify'],
  ['lib/x.ts', '../model/names.js'],
  ['http/x.ts', '../sync/protocol.js'],
  ['http/x.ts', 'ws'],
  ['domain/x.ts', '../db/tables.js'],
  ['domain/x.ts', '../db/engine/query.js'],
  ['domain/x.ts', 'kysely'],
  ['domain/x.ts', 'node:http'],
  ['domain/x.ts', 'node:module'],
  ['domain/x.ts', '../http/limits.js'],
  ['db/grand/x.ts', '../regional/files.js'],
  ['db/regional/x.ts', '../grand/tables.js'],
  ['app/x.ts', 'node:module'],
  ['app/x.ts', '../bin/serve.js'],
]

/** A new file of the sources, and an expression that must not be in it. */
const FORBIDDEN_EXPRESSIONS: [file: string, expression: string][] = [
  ['model/clock-reader.ts', 'Date.now()'],
  ['model/global-reader.ts', 'globalThis.Date.now()'],
  ['model/timer.ts', 'setImmediate(() => {})'],
  ['model/random-reader.ts', 'Math.random()'],
  ['model/id.ts', 'crypto.randomUUID()'],
  ['model/request.ts', "fetch('http://localhost')"],
  ['domain/request.ts', "fetch('http://localhost')"],
  ['domain/socket.ts', "new WebSocket('ws://localhost')"],
  ['http/global-request.ts', "globalThis.fetch('http://localhost')"],
  ['blobs/builtin.ts', "process.getBuiltinModule('net')"],
  ['app/old-import.ts', "require('node:net')"],
]

const PROGRAMS = resolve('node_modules/.bin')

test('The lint refuses each forbidden import and expression', async (t) => {
  const root = await newDataDir(t)
  const run = (program: string, ...args: string[]) => {
    const { stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
    return stdout + stderr
  }
  for (const name of [
    'src',
    'scripts',
    'package.json',
    'tsconfig.json',
    'biome.json',
    '.dependency-cruiser.cjs',
  ])
    cpSync(name, join(root, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))

  const pathOf = (file: string) => join(root, 'src', file)
  for (const [file, imported] of FORBIDDEN_IMPORTS) {
    mkdirSync(dirname(pathOf(file)), { recursive: true })
    appendFileSync(pathOf(file), `import '${imported}'\n`)
  }
  const refused = run(process.execPath, 'scripts/check-imports.mjs')
  const edges = [...refused.matchAll(/error [^:]+: (\S+) → (\S+)/g)].map(([, from, to]) => `${from} → ${to}`)
  for (const [file, imported] of FORBIDDEN_IMPORTS) {
    const module = imported.startsWith('.')
      ? join('src', dirname(file), imported).replace(/js$/, 'ts')
      : imported.replace('node:', '')
    const isRefused = edges.some(
      (edge) =>
        edge.startsWith(`src/${file} → `) &&
        (edge.endsWith(` ${module}`) || edge.includes(`node_modules/${module}/`)),
    )
    t.ok(isRefused, `${file} must not import ${imported}`)
  }

  for (const [file, expression] of FORBIDDEN_EXPRESSIONS)
    writeFileSync(pathOf(file), `export const x = ${expression}\n`)
  const files = FORBIDDEN_EXPRESSIONS.map(([file]) => pathOf(file))
  const linted = run(join(PROGRAMS, 'biome'), 'lint', '--vcs-enabled=false', '--reporter=github', ...files)
  for (const [file, expression] of FORBIDDEN_EXPRESSIONS) {
    t.ok(linted.includes(`src/${file},line=1`), `${file} must not have ${expression}`)
  }
})
