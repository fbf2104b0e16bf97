import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import { newDataDir, openUpload } from '../support/data-dir.js'
import { filePart, formOf } from '../support/multipart.js'
import { startServer } from '../support/server-process.js'
import { until } from '../support/until.js'

t.test('A server that cannot start prints one line per fault, and exits with 1', async (t) => {
  const DATA_DIR = await newDataDir(t)
  const running = await startServer(t, { DATA_DIR, NAME: 'eu' }).serves()
  const refusal = async (env: Record<string, string>) => {
    const server = startServer(t, { DATA_DIR, ...env })
    return { code: await server.end(), lines: server.errors.trim().split('\n'), output: server.output }
  }
  const holder = `is in use by process ${running.pid} (node)`
  t.match(await refusal({}), { code: 1, lines: [`SYNCSPHERE_DATA_DIR: ${DATA_DIR} ${holder}`], output: '' })
  await running.kill()
  const wrongName = await refusal({ NAME: 'us' })
  t.match(wrongName, { code: 1, lines: [/server eu,.* us/] })
  t.equal(wrongName.lines.length, 1)
  const bad = await refusal({ PORT: 'x', STORAGE_QUOTA: '-1', SYNCSPHERE_PROT: '1', TLS_CERT: 'a.pem' })
  t.equal(bad.code, 1)
  t.equal(bad.lines.length, 4, 'one line per fault')
  const busy = await startServer(t, { DATA_DIR: await newDataDir(t) }).serves()
  const { host, port } = new URL(busy.url)
  const taken = `SYNCSPHERE_PORT: ${host} is in use by process ${busy.pid} (node)`
  t.match(await refusal({ PORT: port }), { code: 1, lines: [taken] })
  const elsewhere = await refusal({ HOST: '192.0.2.1' })
  t.match(elsewhere, { code: 1, lines: ['SYNCSPHERE_HOST: 192.0.2.1 is not an address of this machine'] })
  const db = new BetterSqlite3(join(DATA_DIR, 'regional.db'))
  db.pragma('user_version = 9999')
  db.close()
  t.match(await refusal({}), { code: 1, lines: [/migration 9999/] })
})

t.test('A server that cannot read its certificates leaves nothing in its data folder', async (t) => {
  const DATA_DIR = await newDataDir(t)
  const refusal = async (env: Record<string, string>) => {
    const server = startServer(t, { DATA_DIR, ...env })
    t.equal(await server.end(), 1)
    return server.errors.trim()
  }
  const mistyped = { NAME: 'euu', GRAND_URL: 'https://127.0.0.1:9', CERTS_DIR: DATA_DIR }
  t.match(await refusal(mistyped), /^cannot read the certificate file /)
  t.match(await refusal({ NAME: 'euu', TLS_CERT: 'no.crt', TLS_KEY: 'no.key' }), /no\.crt/)
  await startServer(t, { DATA_DIR, NAME: 'eu' }).serves()
})

t.test('The built program serves the pages of /docs', async (t) => {
  const { url } = await startServer(t, { DATA_DIR: await newDataDir(t) }).serves()
  for (const path of ['/docs/', '/docs/static/swagger-ui-bundle.js', '/docs/static/logo.svg'])
    t.equal((await fetch(url + path)).status, 200, path)
})

t.test('The helper process exits when its server is killed', async (t) => {
  const server = await startServer(t, { DATA_DIR: await newDataDir(t) }).serves()
  const alice = server.person('alice')
  t.teardown(() => alice.close())
  await alice.register()
  const { children } = server
  t.equal(children.length, 1)
  await server.kill()
  await until('the helper process has exited', () => !children.some((pid) => existsSync(`/proc/${pid}`)))
})

t.test('A server needs no more memory for a large file than for a small one', async (t) => {
  const MIB = 1024 * 1024
  const size = Number(process.env['STORY_MIB'] ?? 256) * MIB
  const server = await startServer(t, { DATA_DIR: await newDataDir(t), STORAGE_QUOTA: '4 GiB' }).serves()
  const alice = server.person('alice')
  t.teardown(() => alice.close())
  await alice.register()
  await alice.logIn()
  const block = randomBytes(MIB)
  const hash = createHash('sha256')
  const { boundary } = formOf([])
  const head = `--${boundary}\r\n${filePart('large.bin', '').head}\r\n\r\n`
  const tail = `\r\n--${boundary}--\r\n`
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(head)
    for (let sent = 0; sent < size; sent += MIB) {
      block.writeUInt32BE(sent / MIB)
      hash.update(block)
      yield Buffer.from(block)
    }
    yield Buffer.from(tail)
  }
  const upload = openUpload(
    server.url,
    alice,
    `multipart/form-data; boundary=${boundary}`,
    head.length + size + tail.length,
  )
  await pipeline(Readable.from(body()), upload)
  const [reply] = (await once(upload, 'response')) as [IncomingMessage]
  t.equal(reply.statusCode, 201)
  const { id } = JSON.parse(Buffer.concat(await reply.toArray()).toString()) as { id: string }
  const download = request(`${server.url}/download/${id}`, { headers: alice.headers, agent: false }).end()
  const [response] = (await once(download, 'response')) as [IncomingMessage]
  const received = createHash('sha256')
  for await (const chunk of response) received.update(chunk as Buffer)
  t.equal(received.digest('hex'), hash.digest('hex'), 'the content is identical')
  t.ok(
    server.peakBytes < 200 * MIB,
    `${Math.round(server.peakBytes / MIB)} MiB at most for ${size / MIB} MiB`,
  )
})
