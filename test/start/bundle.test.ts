import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Test, test } from 'tap'
import { newDataDir } from '../support/data-dir.js'

/** Creates a project with one-line programs. */
async function project(t: Test): Promise<string> {
  // Outside of this checkout, so that its packages are not found.
  const root = await newDataDir(t)
  await mkdir(join(root, 'src/bin'), { recursive: true })
  await mkdir(join(root, 'scripts'))
  for (const script of ['bundle.mjs', 'esbuild.mjs'])
    await cp(`scripts/${script}`, join(root, 'scripts', script))
  await writeFile(
    join(root, 'package.json'),
    '{ "type": "module", "engines": { "node": ">=22.14" }, "bin": { "hello": "dist/bin/hello.js" } }',
  )
  await writeFile(join(root, 'package-lock.json'), '{}')
  await writeFile(join(root, 'openapi.yaml'), 'openapi: 3.1.0')
  await writeFile(join(root, 'src/bin/helper.ts'), '')
  await write(root, "console.log('hello')")
  await symlink(resolve('node_modules'), join(root, 'node_modules'))
  return root
}

function write(root: string, text: string): Promise<void> {
  return writeFile(join(root, 'src/bin/hello.ts'), text)
}

function run(root: string, program: string) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], {
    cwd: root,
    env: {},
    encoding: 'utf8',
  })
  return { status, output: stdout, errors: stderr }
}

const DONE = { status: 0, output: '', errors: '' }
const bundle = (root: string) => run(root, 'scripts/bundle.mjs')
const hello = (root: string) => run(root, 'dist/bin/hello.js').output

test('Programs built from the same sources are not rebuilt', async (t) => {
  const root = await project(t)
  t.strictSame(bundle(root), DONE)
  t.equal(hello(root), 'hello\n')
  await writeFile(join(root, 'dist/lib/hello.js'), "console.log('kept')")
  t.strictSame(bundle(root), DONE)
  t.equal(hello(root), 'kept\n')
})

test('Programs are rebuilt after a source has changed or an output is missing', async (t) => {
  const root = await project(t)
  bundle(root)
  await write(root, "console.log('changed')")
  t.strictSame(bundle(root), DONE)
  t.equal(hello(root), 'changed\n')
  await rm(join(root, 'dist/lib/hello.js'))
  bundle(root)
  t.equal(hello(root), 'changed\n')
  await writeFile(join(root, 'package-lock.json'), '{ "name": "of-other-packages" }')
  const before = await readFile(join(root, 'dist/made-from'), 'utf8')
  bundle(root)
  t.not(await readFile(join(root, 'dist/made-from'), 'utf8'), before)
})

test('The contract is compiled to JSON again after it has changed, or when the JSON is missing', async (t) => {
  const root = await project(t)
  const made = () => readFile(join(root, 'dist/openapi.json'), 'utf8')
  bundle(root)
  t.equal(await made(), '{"openapi":"3.1.0"}')
  await writeFile(join(root, 'openapi.yaml'), '# The next one.\nopenapi: 3.2.0')
  t.strictSame(bundle(root), DONE)
  t.equal(await made(), '{"openapi":"3.2.0"}')
  await rm(join(root, 'dist/openapi.json'))
  bundle(root)
  t.equal(await made(), '{"openapi":"3.2.0"}')
})

test('Built programs start without development packages, from a read-only folder', async (t) => {
  const root = await project(t)
  bundle(root)
  await rm(join(root, 'node_modules'))
  await chmod(join(root, 'dist'), 0o500)
  t.strictSame(bundle(root), DONE)
  t.equal(hello(root), 'hello\n')
  await chmod(join(root, 'dist'), 0o700)
})

test('A missing build that cannot be made is reported in one line', async (t) => {
  const root = await project(t)
  await rm(join(root, 'node_modules'))
  const { status, errors } = bundle(root)
  t.equal(status, 1)
  t.match(errors, /^The programs are not built from these sources, and cannot be built here: .*esbuild.*\n$/)
})

test('A program with a missing package reports it in one line', async (t) => {
  const root = await project(t)
  await write(root, "import { hash } from 'argon2'\nconsole.log(hash.length)")
  bundle(root)
  await rm(join(root, 'node_modules'))
  const { status, output, errors } = run(root, 'dist/bin/hello.js')
  t.equal(status, 1)
  t.equal(output, '')
  t.match(errors, /^hello cannot be loaded: .*'argon2'.*\n$/)
})

test('A program with native code for another machine reports it in one line', async (t) => {
  const root = await project(t)
  await write(root, "import argon2 from 'argon2'\nconsole.log(argon2)")
  bundle(root)
  await rm(join(root, 'node_modules'))
  await mkdir(join(root, 'node_modules/argon2'), { recursive: true })
  await writeFile(join(root, 'node_modules/argon2/index.js'), "module.exports = require('./argon2.node')")
  await writeFile(join(root, 'node_modules/argon2/argon2.node'), 'of another machine')
  const { status, errors } = run(root, 'dist/bin/hello.js')
  t.equal(status, 1)
  t.match(errors, /^hello cannot be loaded: .*argon2.node.*\n$/)
})

test('A failed build does not count as built', async (t) => {
  const root = await project(t)
  bundle(root)
  await write(root, 'this is no program')
  t.equal(bundle(root).status, 1)
  t.equal(bundle(root).status, 1)
})
