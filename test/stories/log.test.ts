import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { newDataDir } from '../support/data-dir.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { until } from '../support/until.js'

const MIB = 1024 * 1024

const LOGGING = { LOG_LEVEL: 'debug' }

/** Sends requests that log more lines than a pipe buffers. */
async function fillLog({ url }: ServerProcess): Promise<void> {
  const path = `/${'x'.repeat(190)}`
  for (let batch = 0; batch < 20; batch += 1) {
    const requests = Array.from({ length: 50 }, () => fetch(url + path).then((response) => response.text()))
    await Promise.all(requests)
  }
}

/** Creates a named pipe whose reader does not read. */
async function stalledPipe(t: Test): Promise<{ path: string; reader: number }> {
  const path = join(await newDataDir(t), 'pipe')
  execFileSync('mkfifo', [path])
  return { path, reader: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) }
}

async function assertServesAndEnds(t: Test, server: ServerProcess): Promise<void> {
  await server.serves()
  await fillLog(server)
  const alice = server.person('alice')
  t.teardown(() => alice.close())
  await alice.register()
  await alice.logIn()
  t.ok(server.peakBytes < 200 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  server.signal('SIGTERM')
  t.equal(await server.end(), 0)
}

t.test('A regional whose log is on a full disk serves, and exits on SIGTERM', async (t) => {
  const env = { ...LOGGING, DATA_DIR: await newDataDir(t) }
  await assertServesAndEnds(t, startServer(t, env, 'regional', { redirect: '2>/dev/full' }))
})

t.test('A regional whose log reader has stalled serves, and exits on SIGTERM', async (t) => {
  const pipe = await stalledPipe(t)
  t.teardown(() => closeSync(pipe.reader))
  const env = { ...LOGGING, DATA_DIR: await newDataDir(t) }
  await assertServesAndEnds(t, startServer(t, env, 'regional', { redirect: `2>${pipe.path}` }))
})

t.test('A regional whose log reader has exited serves, and exits on SIGTERM', async (t) => {
  const pipe = await stalledPipe(t)
  const env = { ...LOGGING, DATA_DIR: await newDataDir(t) }
  const server = await startServer(t, env, 'regional', { redirect: `2>${pipe.path}` }).serves()
  closeSync(pipe.reader)
  await assertServesAndEnds(t, server)
})

t.test('A grand whose log is on a full disk serves, and exits on SIGTERM', async (t) => {
  const CERTS_DIR = await newDataDir(t)
  await ensureCertificates(CERTS_DIR, { names: ['grand', 'eu'], now: new Date() })
  const files = { ...LOGGING, CERTS_DIR }
  const grand = startServer(t, { ...files, DATA_DIR: await newDataDir(t) }, 'grand', {
    redirect: '2>/dev/full',
  })
  const { url } = await grand.serves()
  const regional = startServer(t, {
    ...files,
    DATA_DIR: await newDataDir(t),
    GRAND_URL: url,
    OPERATOR_TOKEN: 'x'.repeat(16),
  })
  await regional.serves()
  const headers = { authorization: `Bearer ${'x'.repeat(16)}` }
  const isLinked = async () => {
    const response = await fetch(`${regional.url}/sync/status`, { headers })
    return ((await response.json()) as { connected: boolean }).connected
  }
  await until('they are linked', isLinked)
  grand.signal('SIGTERM')
  t.equal(await grand.end(), 0)
})
