import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { checkHealth } from '../../src/operator/health.js'
import { openTestRegional } from '../support/test-regional.js'
import { TestGrand } from '../sync/grand/test-grand.js'

/** The environment of a server that listens at this URL. */
function environment(url: string, more: Record<string, string>) {
  return { SYNCSPHERE_PORT: new URL(url).port, ...more }
}

test('The health command reaches a regional by its environment', async (t) => {
  const regional = await openTestRegional(t)
  const env = environment(regional.url, { SYNCSPHERE_DATA_DIR: regional.dataDir })
  t.equal(await checkHealth(env), 'eu is ok')
  t.equal(
    await checkHealth({ ...env, SYNCSPHERE_HOST: '0.0.0.0' }),
    'eu is ok',
    'a server that listens on all addresses is reached on loopback',
  )
  await t.rejects(checkHealth({ ...env, SYNCSPHERE_NAME: 'us' }), {
    message: /is eu, not us$/,
  })
  await regional.stop()
  await t.rejects(checkHealth(env), {
    message: /^no response from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
  })
  await t.rejects(checkHealth({ SYNCSPHERE_PORT: '0' }), { message: /SYNCSPHERE_PORT is 0/ })
})

test('The health command reaches an HTTPS regional whatever the host in its certificate', async (t) => {
  const certs = t.testdir()
  await ensureCertificates(certs, { names: ['files'], now: new Date() })
  const [certFile, keyFile] = [join(certs, 'files.crt'), join(certs, 'files.key')]
  const regional = await openTestRegional(t, { tls: { certFile, keyFile } })
  const tls = { SYNCSPHERE_TLS_CERT: certFile, SYNCSPHERE_TLS_KEY: keyFile }
  t.equal(await checkHealth(environment(regional.url, tls)), 'eu is ok')
})

test("The health command reaches a grand with the grand's own certificate", async (t) => {
  const grand = await TestGrand.open(t)
  const env = environment(grand.url, {
    SYNCSPHERE_NAME: 'grand',
    SYNCSPHERE_DATA_DIR: grand.dataDir,
    SYNCSPHERE_CERTS_DIR: grand.certsDir,
  })
  t.equal(await checkHealth(env), 'grand is ok')
  const others = t.testdir()
  await ensureCertificates(others, { names: ['grand'], now: new Date() })
  await t.rejects(checkHealth({ ...env, SYNCSPHERE_CERTS_DIR: others }), {
    message: /^no response from https:/,
  })
})

test('Another program on the port is not mistaken for the server', async (t) => {
  let received = { status: 200, body: '<h1>It works!</h1>' }
  const other = createServer((_request, response) => response.writeHead(received.status).end(received.body))
  await once(other.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => other.close())
  const env = environment(`http://127.0.0.1:${(other.address() as AddressInfo).port}`, {})
  await t.rejects(checkHealth(env), {
    message: /^http:\/\/127\.0\.0\.1:\d+ is not the server eu$/,
  })
  received = { status: 503, body: '{"detail":"The server is closing."}' }
  await t.rejects(checkHealth(env), { message: 'eu responds with 503: The server is closing.' })
})
