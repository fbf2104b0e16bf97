import { existsSync } from 'node:fs'
import { test } from 'tap'
import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'
import { startSphere } from './sphere-process.js'

const NPM_START = ['npm', 'start']

test('npm start reports that the sphere is up once every server is ready', async (t) => {
  const sphere = await startSphere(t, { command: NPM_START })
  await sphere.waitUntilUp()
  for (const region of ['EU', 'US', 'AP'] as const) {
    const { status } = await fetch(`${sphere.urlOf(region)}/health`)
    t.equal(status, 200, region)
  }
  t.match(sphere.output, `The sphere is up: ${sphere.urlOf('EU')}/docs`)
  t.match(sphere.output, /grand serves on https:/)
  t.equal(sphere.errors, '')
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} to npm start stops all servers`, async (t) => {
    const sphere = await startSphere(t, { command: NPM_START })
    await sphere.waitUntilUp()
    sphere.kill(signal)
    await until('no server is running', () => sphere.processes().length === 0)
  })

  test(`${signal} to the sphere program stops all servers`, async (t) => {
    const sphere = await startSphere(t)
    await sphere.waitUntilUp()
    t.equal(sphere.processes().length, 5)
    sphere.kill(signal)
    t.equal(await sphere.end(), signal === 'SIGTERM' ? 0 : null)
    await until('no server is running', () => sphere.processes().length === 0)
  })
}

test('Killing npm before the sphere has started leaves no server running', async (t) => {
  const sphere = await startSphere(t, { command: NPM_START })
  await until('npm has started its script', () => sphere.children().length > 0)
  sphere.kill('SIGKILL')
  await until('the script runs without npm', () => sphere.processes().some((one) => one.program === 'sphere'))
  await until('no server is running', () => sphere.processes().length === 0)
})

test('A killed server of the sphere is restarted', async (t) => {
  const sphere = await startSphere(t)
  await sphere.waitUntilUp()
  const killed = sphere.pidOf('grand')
  process.kill(killed, 'SIGKILL')
  await until('another grand is ready', () => (sphere.output.match(/grand serves/g)?.length ?? 0) === 2)
  t.not(sphere.pidOf('grand'), killed)
  t.equal(sphere.errors, 'grand exited (SIGKILL) and is restarted\n')
})

test('A sphere that cannot start names the server, the variable and the process on the port', async (t) => {
  const first = await startSphere(t)
  await first.waitUntilUp()
  const portOf = (region: string) => first.env[`SYNCSPHERE_${region}_PORT`] ?? ''

  const second = await startSphere(t, { env: { SYNCSPHERE_US_PORT: portOf('US') } })
  t.equal(await second.end(), 1)
  t.match(
    second.errors,
    new RegExp(`^us: SYNCSPHERE_US_PORT: 127.0.0.1:${portOf('US')} is in use by process \\d+ \\(node\\)\n$`),
  )
  t.notOk(second.isUp)

  const data = first.env['SYNCSPHERE_DATA_DIR'] ?? ''
  const third = await startSphere(t, {
    env: { SYNCSPHERE_DATA_DIR: data },
  })
  t.equal(await third.end(), 1)
  t.match(third.errors, /^\w+: SYNCSPHERE_DATA_DIR: .*\/data\/\w+ is in use by process \d+ \(node\)\n$/)
})

test('A sphere rejects invalid ports and short names for ports', async (t) => {
  const wrong = await startSphere(t, { env: { SYNCSPHERE_EU_PORT: '0', SYNCSPHERE_AP_PORT: 'x' } })
  t.equal(await wrong.end(), 1)
  t.match(wrong.errors.split('\n'), [/^SYNCSPHERE_EU_PORT: must be a port/, /^SYNCSPHERE_AP_PORT: must/, ''])

  const short = await startSphere(t, { env: { EU_PORT: String(await freePort()) } })
  await short.waitUntilUp()
  t.equal((await fetch(`${short.urlOf('EU')}/health`)).status, 200)
})

test('A sphere reports every fault of its variables and of its servers at once, and starts nothing', async (t) => {
  const sphere = await startSphere(t, {
    env: {
      SYNCSPHERE_EU_PORT: 'x',
      SYNCSPHERE_STORAGE_QUOTA: 'abc',
      SYNCSPHERE_MIN_FREE_DISK: '-1',
      SYNCSPHERE_TLS_CERT: 'a.pem',
      SYNCSPHERE_FOO: '1',
      SYNC_SPHERE_HOST: '::1',
    },
  })
  t.equal(await sphere.end(), 1)
  t.match(sphere.errors.split('\n').sort(), [
    '',
    /^SYNCSPHERE_EU_PORT: must be a port/,
    /^SYNCSPHERE_FOO: unknown/,
    /^SYNCSPHERE_MIN_FREE_DISK: must be/,
    /^SYNCSPHERE_STORAGE_QUOTA: must be/,
    'SYNCSPHERE_TLS_KEY: must be set, because SYNCSPHERE_TLS_CERT is',
    /^SYNC_SPHERE_HOST: unknown; is SYNCSPHERE_HOST meant\?/,
  ])
  t.notOk(existsSync(sphere.env['SYNCSPHERE_CERTS_DIR'] ?? ''), 'no certificate was made')
})
