import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { newDataDir, openUpload } from '../support/data-dir.js'
import { faultsOfDataDir } from '../support/invariants/regional-dir.js'
import { filePart, formOf } from '../support/multipart.js'
import { type Person, sha256 } from '../support/person.js'
import { startServer } from '../support/server-process.js'
import { until } from '../support/until.js'

t.test(
  'After kill -9 during uploads every acknowledged file is intact, and nothing remains of the others',
  async (t) => {
    const DATA_DIR = await newDataDir(t)
    const acknowledged = new Map<string, string>()
    let alice: Person | undefined
    for (let round = 0; round < 2; round++) {
      const server = await startServer(t, { DATA_DIR }).serves()
      const person = server.person('alice')
      t.teardown(() => person.close())
      if (alice === undefined) await person.register()
      alice = person
      await person.logIn()
      for (const [id, hash] of acknowledged) {
        const got = await person.get(`/download/${id}`)
        t.equal(sha256(got.bytes), hash, 'a file acknowledged before the crash is intact')
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
      const sizes = [10, 5000, 65_536, 65_537, 400_000, 1_500_000]
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
      await until('uploads are in flight', () => done >= 8 * (round + 1))
      await server.kill()
      await uploaders
    }
    const last = await startServer(t, { DATA_DIR }).serves()
    const person = last.person('alice')
    t.teardown(() => person.close())
    await person.logIn()
    for (const [id, hash] of acknowledged) {
      const got = await person.get(`/download/${id}`)
      if (sha256(got.bytes) !== hash) t.fail(`the acknowledged file ${id} is damaged`)
    }
    t.ok(acknowledged.size >= 24, `${acknowledged.size} were acknowledged`)
    last.signal('SIGTERM')
    t.equal(await last.end(), 0)
    t.same(await faultsOfDataDir(DATA_DIR), [], 'the data folder has no orphaned, partial or corrupt blob')
  },
)

t.test(
  'On SIGTERM a server finishes an upload in flight, refuses new connections, and exits with 0',
  async (t) => {
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
    await until('the upload has begun', async () => (await readdir(join(DATA_DIR, 'tmp'))).length > 0)
    server.signal('SIGTERM')
    await until('new connections are refused', () =>
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
      'one line of output says where it serves',
    )
    t.same(await faultsOfDataDir(DATA_DIR), [])
    const again = await startServer(t, { DATA_DIR }).serves()
    const back = again.person('alice')
    t.teardown(() => back.close())
    back.headers = alice.headers
    const { items } = (await back.get('/files')).json
    t.match(
      items,
      [{ name: 'slow.bin', sha256: sha256(bytes) }],
      'the file is stored, and the session is still valid',
    )
  },
)
