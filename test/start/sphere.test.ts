import { test } from 'tap'
import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'
import { startSphere } from './sphere-process.js'

const NPM_START = ['npm', 'start']

test('npm start says that the sphere is up when every server serves', async (t) => {
  const sphere = await startSphere(t, { command: NPM_START })
  await sphere.up()
  for (const region of ['EU', 'US', 'AP'] as const) {
    const { status } = await fetch(`${sphere.urlOf(region)}/health`)
    t.equal(status, 200, region)
  }
  t.match(sphere.output, `The sphere is up: ${sphere.urlOf('EU')}/docs`)
  t.match(sphere.output, /grand serves on https:/)
  t.equal(sphere.errors, '')
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} to npm start ends all servers`, async (t) => {
    const sphere = await startSphere(t, { command: NPM_START })
    await sphere.up()
    sphere.kill(signal)
    await until('no server is left', () => sphere.processes().length === 0)
  })

  test(`${signal} to the program that runs the sphere ends all servers`, async (t) => {
    const sphere = await startSphere(t)
    await sphere.up()
    t.equal(sphere.processes().length, 5)
    sphere.kill(signal)
    t.equal(await sphere.end(), signal === 'SIGTERM' ? 0 : null)
    await until('no server is left', () => sphere.processes().length === 0)
  })
}

test('npm that is killed before the sphere has begun leaves none behind', async (t) => {
  const sphere = await startSphere(t, { command: NPM_START })
  await until('npm has begun its script', () => sphere.children().length > 0)
  sphere.kill('SIGKILL')
  await until('the script goes on without npm', () =>
    sphere.processes().some((one) => one.program === 'sphere'),
  )
  await until('no server is left', () => sphere.processes().length === 0)
})

test('a server of the sphere that is killed is started again', async (t) => {
  const sphere = await startSphere(t)
  await sphere.up()
  const killed = sphere.pidOf('grand')
  process.kill(killed, 'SIGKILL')
  await until('another grand serves', () => (sphere.output.match(/grand serves/g)?.length ?? 0) === 2)
  t.not(sphere.pidOf('grand'), killed)
  t.equal(sphere.errors, 'grand exited (SIGKILL) and is restarted\n')
})

test('a sphere that cannot start names the server, the variable, and the process in the way', async (t) => {
  const first = await startSphere(t)
  await first.up()
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

test('a sphere refuses ports that are none, and takes no short name for a port', async (t) => {
  const wrong = await startSphere(t, { env: { SYNCSPHERE_EU_PORT: '0', SYNCSPHERE_AP_PORT: 'x' } })
  t.equal(await wrong.end(), 1)
  t.match(wrong.errors.split('\n'), [/^SYNCSPHERE_EU_PORT: must be a port/, /^SYNCSPHERE_AP_PORT: must/, ''])

  const short = await startSphere(t, { env: { EU_PORT: String(await freePort()) } })
  await short.up()
  t.equal((await fetch(`${short.urlOf('EU')}/health`)).status, 200)
})
