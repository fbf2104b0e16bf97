import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { newDataDir } from '../support/data-dir.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { until } from '../support/until.js'

const OPERATOR_TOKEN = 'operator-token-of-the-tests'

async function certificates(t: Test): Promise<string> {
  const dir = await newDataDir(t)
  await ensureCertificates(dir, { names: ['grand', 'eu'], now: new Date() })
  return dir
}

const renew = (dir: string, name: string) =>
  ensureCertificates(dir, { names: [], renew: [name], now: new Date() })

/** The serial number of the certificate on a new connection. */
async function serialOf(url: string, identity: object = {}): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false, ...identity })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

async function hangUp(server: ServerProcess): Promise<void> {
  const before = server.errors.length
  server.signal('SIGHUP')
  await until('the server has reloaded its certificates', () =>
    /reloaded certificates|certificates cannot be reloaded/.test(server.errors.slice(before)),
  )
}

async function openConnection(url: string): Promise<{ socket: TLSSocket; statusOf: () => Promise<string> }> {
  const { hostname, port } = new URL(url)
  const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const statusOf = async () => {
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    const [received] = (await once(socket, 'data')) as [Buffer]
    return received.toString().slice(0, 'HTTP/1.1 200'.length)
  }
  return { socket, statusOf }
}

t.test(
  'On SIGHUP a regional serves its renewed certificate to new connections, and drops no open one',
  async (t) => {
    const dir = await certificates(t)
    const server = startServer(t, {
      DATA_DIR: await newDataDir(t),
      TLS_CERT: join(dir, 'eu.crt'),
      TLS_KEY: join(dir, 'eu.key'),
      LOG_LEVEL: 'info',
    })
    const { url } = await server.serves()
    const before = await serialOf(url)
    const { socket, statusOf } = await openConnection(url)
    t.teardown(() => socket.destroy())
    t.equal(await statusOf(), 'HTTP/1.1 200')
    await renew(dir, 'eu')
    t.equal(await serialOf(url), before, 'the certificate does not change before SIGHUP')
    await hangUp(server)
    t.not(await serialOf(url), before)
    t.equal(await statusOf(), 'HTTP/1.1 200', 'the open connection still works')
  },
)

t.test(
  'A certificate that does not match its key is rejected at SIGHUP and at startup, and the previous one stays in use',
  async (t) => {
    const dir = await certificates(t)
    const [cert, key] = [join(dir, 'users.crt'), join(dir, 'users.key')]
    await copyFile(join(dir, 'eu.crt'), cert)
    await copyFile(join(dir, 'eu.key'), key)
    const env = { DATA_DIR: await newDataDir(t), TLS_CERT: cert, TLS_KEY: key, LOG_LEVEL: 'info' }
    const server = await startServer(t, env).serves()
    const before = await serialOf(server.url)
    await copyFile(join(dir, 'grand.crt'), cert)
    await hangUp(server)
    t.match(server.errors, /"level":"error".*users\.crt.*users\.key/)
    t.equal(await serialOf(server.url), before)
    const refused = startServer(t, { ...env, DATA_DIR: await newDataDir(t) })
    t.equal(await refused.end(), 1, 'a server with the invalid certificate does not start')
    t.match(refused.errors.trim().split('\n'), [/users\.crt.*users\.key/])
  },
)

t.test(
  'On SIGHUP a grand and a regional use their renewed certificates, and their link stays open',
  async (t) => {
    const CERTS_DIR = await certificates(t)
    const env = { CERTS_DIR, LOG_LEVEL: 'info', OPERATOR_TOKEN }
    const grand = await startServer(t, { ...env, DATA_DIR: await newDataDir(t) }, 'grand').serves()
    const regional = await startServer(t, {
      ...env,
      DATA_DIR: await newDataDir(t),
      GRAND_URL: grand.url,
    }).serves()
    await until('they are linked', () => /"linked"/.test(grand.errors))
    const identity = () => ({
      ca: readFileSync(join(CERTS_DIR, 'ca.crt')),
      cert: readFileSync(join(CERTS_DIR, 'eu.crt')),
      key: readFileSync(join(CERTS_DIR, 'eu.key')),
    })
    const before = await serialOf(grand.url, identity())
    await renew(CERTS_DIR, 'grand')
    await renew(CERTS_DIR, 'eu')
    await hangUp(grand)
    await hangUp(regional)
    t.not(await serialOf(grand.url, identity()), before)
    t.notMatch(grand.errors, /unlinked/)
    t.notMatch(regional.errors, /no link/)
    const alice = regional.person('alice')
    t.teardown(() => alice.close())
    await alice.register()
    await alice.logIn()
    await alice.put(Buffer.alloc(200_000, 'x'))
    await until('the grand has received the blob', async () =>
      /received_bytes_total\S* 200000/.test(await metrics()),
    )

    async function metrics(): Promise<string> {
      const sent = request(`${grand.url}/metrics`, {
        ...identity(),
        agent: false,
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      }).end()
      const [response] = await once(sent, 'response')
      return Buffer.concat(await response.toArray()).toString()
    }
  },
)

t.test('SIGUSR1 and SIGUSR2 neither end a server nor open a debugger', async (t) => {
  const server = await startServer(t, { DATA_DIR: await newDataDir(t) }).serves()
  server.signal('SIGUSR1')
  server.signal('SIGUSR2')
  for (let time = 0; time < 3; time += 1) t.equal((await fetch(`${server.url}/health`)).status, 200)
  t.notMatch(server.errors, /Debugger/)
  server.signal('SIGTERM')
  t.equal(await server.end(), 0)
})

t.test('SIGQUIT ends a server at once, and its exit status shows the signal', async (t) => {
  const server = await startServer(t, { DATA_DIR: await newDataDir(t) }).serves()
  server.signal('SIGQUIT')
  t.equal(await server.end(), null)
  t.equal(server.endSignal, 'SIGQUIT')
})
