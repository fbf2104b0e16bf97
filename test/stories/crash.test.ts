import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import { faultsOfDataDir } from '../support/invariants.js'
import { filePart, formOf } from '../support/multipart.js'
import { type Person, sha256 } from '../support/person.js'
import { startServer } from '../support/server-process.js'
import { until } from '../support/until.js'

async function newDataDir(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'crash-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

t.test(
  'kill -9 in the middle of uploads: what was acknowledged is whole, and of the rest there is nothing',
  async (t) => {
    const DATA_DIR = await newDataDir(t)
    const acknowledged = new Map<string, string>()
    let alice: Person | undefined
    for (let round = 0; round < 3; round++) {
      const server = await startServer(t, { DATA_DIR }).serves()
      const person = server.person('alice')
      t.teardown(() => person.close())
      if (alice === undefined) await person.register()
      alice = person
      await person.logIn()
      for (const [id, hash] of acknowledged) {
        const got = await person.get(`/download/${id}`)
        t.equal(sha256(got.bytes), hash, 'acknowledged before the last crash')
      }
      const listed = (await person.get('/files?limit=200')).json.items as {
        id: string
        size: number
        sha256: string
      }[]
      for (const { id, sha256: hash } of listed) acknowledged.set(id, hash)
      t.equal(
        await person.usedStorage(),
        listed.reduce((sum, { size }) => sum + size, 0),
      )
      const sizes = [10, 5000, 65_536, 65_537, 400_000, 2_000_000, 6_000_000]
      let done = 0
      const uploaders = Promise.allSettled(
 Array.from({ length: 20 }, async (_, uploader) => {
        for (let i = 0; ; i++) {
          const bytes = randomBytes(sizes[(uploader + i) % sizes.length] as number)
          const { status, json } = await person.upload(bytes)
          if (status !== 201) continue
          acknowledged.set(json.id, sha256(bytes))
          done += 1
        }
      }),
)
      await until('uploads are under way', () => done >= 8 * (round + 1))
      await server.kill()
      await uploaders
    }
    const last = await startServer(t, { DATA_DIR }).serves()
    const person = last.person('alice')
    t.teardown(() => person.close())
    await person.logIn()
    for (const [id, hash] of acknowledged) {
      const got = await person.get(`/download/${id}`)
      if (sha256(got.bytes) !== hash) t.fail(`${id} is not what was acknowledged`)
    }
    t.ok(acknowledged.size > 24, `${acknowledged.size} were acknowledged`)
    last.signal('SIGTERM')
    t.equal(await last.end(), 0)
    t.same(await faultsOfDataDir(DATA_DIR), [], 'no orphan, no half, no wrong sum')
  },
)

t.test('SIGTERM lets an upload that is under way finish, takes no more, and ends with 0', async (t) => {
  const DATA_DIR = await newDataDir(t)
  const server = await startServer(t, { DATA_DIR }).serves()
  const alice = server.person('alice')
  t.teardown(() => alice.close())
  await alice.register()
  await alice.logIn()
  const bytes = randomBytes(3_000_000)
  const form = formOf([filePart('slow.bin', bytes)])
  const upload = openUpload(server.url, alice, form.contentType, form.body.length)
  upload.write(form.body.subarray(0, 1_000_000))
  await until(
    'it has begun',
    () => upload.socket?.bytesWritten !== undefined && upload.socket.bytesWritten > 900_000,
  )
  server.signal('SIGTERM')
  await until('no more connections are taken', () =>
    fetch(`${server.url}/health`).then(
      ({ status }) => status === 503,
      () => true,
    ),
  )
  upload.end(form.body.subarray(1_000_000))
  const [response] = (await once(upload, 'response')) as [IncomingMessage]
  t.equal(response.statusCode, 201)
  response.resume()
  t.equal(await server.end(), 0)
  t.equal(server.errors, '')
  t.equal(
    server.output.split('\n').filter((line) => /serves on/.test(line)).length,
    1,
    'one line says where it serves',
  )
  t.same(await faultsOfDataDir(DATA_DIR), [])
  const again = await startServer(t, { DATA_DIR }).serves()
  const back = again.person('alice')
  t.teardown(() => back.close())
  back.headers = alice.headers
  const { items } = (await back.get('/files')).json
  t.match(items, [{ name: 'slow.bin', sha256: sha256(bytes) }], 'there, and the session still good')
})

function openUpload(url: string, person: Person, contentType: string, length: number): ClientRequest {
  return request(`${url}/upload`, {
    method: 'POST',
    headers: { ...person.headers, 'content-type': contentType, 'content-length': length },
    agent: false,
  })
}

t.test('a server that cannot run says why in a line each, and ends with 1', async (t) => {
  const DATA_DIR = await newDataDir(t)
  const running = await startServer(t, { DATA_DIR, NAME: 'eu' }).serves()
  const refusal = async (env: Record<string, string>) => {
    const server = startServer(t, { DATA_DIR, ...env })
    return { code: await server.end(), lines: server.errors.trim().split('\n'), output: server.output }
  }
  t.match(await refusal({}), { code: 1, lines: [/another server is using/], output: '' })
  await running.kill()
  const wrongName = await refusal({ NAME: 'us' })
  t.match(wrongName, { code: 1, lines: [/the server eu.* us/] })
  t.equal(wrongName.lines.length, 1)
  const bad = await refusal({ PORT: 'x', STORAGE_QUOTA: '-1', SYNCSPHERE_PROT: '1', TLS_CERT: 'a.pem' })
  t.equal(bad.code, 1)
  t.equal(bad.lines.length, 4, 'one line for each fault')
  const busy = await startServer(t, { DATA_DIR: await newDataDir(t) }).serves()
  t.match(await refusal({ PORT: new URL(busy.url).port }), { code: 1, lines: [/EADDRINUSE/] })
  const db = new BetterSqlite3(join(DATA_DIR, 'regional.db'))
  db.pragma('user_version = 9999')
  db.close()
  t.match(await refusal({}), { code: 1, lines: [/migration 9999/] })
})

t.test('memory does not grow with the size of a file', async (t) => {
  const MIB = 1024 * 1024
  const size = Number(process.env['STORY_MIB'] ?? 384) * MIB
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
  const [answer] = (await once(upload, 'response')) as [IncomingMessage]
  t.equal(answer.statusCode, 201)
  const { id } = JSON.parse(Buffer.concat(await answer.toArray()).toString()) as { id: string }
  const download = request(`${server.url}/download/${id}`, { headers: alice.headers, agent: false }).end()
  const [response] = (await once(download, 'response')) as [IncomingMessage]
  const received = createHash('sha256')
  for await (const chunk of response) received.update(chunk as Buffer)
  t.equal(received.digest('hex'), hash.digest('hex'), 'the very bytes')
  t.ok(
    server.peakBytes < 200 * MIB,
    `${Math.round(server.peakBytes / MIB)} MiB at most for ${size / MIB} MiB`,
  )
})
