import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { SmallDisk } from '../chaos/small-disk.js'
import { newDataDir } from '../support/data-dir.js'
import { cannotMount, cannotMountExfat, mountExfat, mountReadOnly, NOBODY } from '../support/mounts.js'
import type { Person } from '../support/person.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { until } from '../support/until.js'

const skip = cannotMount
const LARGE = randomBytes(300_000)
const SMALL = randomBytes(3000)

async function personOf(t: Test, server: ServerProcess): Promise<Person> {
  const alice = server.person('alice')
  t.teardown(() => alice.close())
  await alice.register()
  await alice.logIn()
  return alice
}

async function health({ url }: ServerProcess): Promise<string> {
  const response = await fetch(`${url}/health`)
  const { status, detail } = (await response.json()) as { status: string; detail?: string }
  return `${response.status} ${detail ?? status}`
}

const becomesUnhealthy = (server: ServerProcess, reason: RegExp) =>
  until('its health is 503', async () => {
    const found = await health(server)
    return found.startsWith('503') && reason.test(found)
  })

const becomesHealthy = (server: ServerProcess) =>
  until('its health is 200', async () => (await health(server)) === '200 ok')

/** Exit code and output of a server that does not start. */
async function refusal(server: ServerProcess): Promise<{ code: number | null; lines: string[] }> {
  return { code: await server.end(), lines: server.errors.trim().split('\n') }
}

/** Creates a folder that only one user can access. */
async function folderOf(t: Test, user: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'storage-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  chownSync(dir, user, user)
  return dir
}

t.test(
  'On a read-only file system uploads and health are 503, until it is writable again',
  { skip },
  async (t) => {
    const DATA_DIR = await newDataDir(t)
    const server = await startServer(t, { DATA_DIR }).serves()
    const alice = await personOf(t, server)
    const { id } = await alice.put(LARGE)
    await becomesHealthy(server)
    const mountAgain = mountReadOnly(t, join(DATA_DIR, 'tmp'))
    t.match(await alice.upload(LARGE.subarray(1)), { status: 503, json: { detail: /read-only/ } })
    await becomesUnhealthy(server, /read-only/)
    t.equal((await alice.get(`/download/${id}`)).status, 200, 'stored files can be downloaded')
    mountAgain()
    await becomesHealthy(server)
    t.equal((await alice.upload(LARGE.subarray(1))).status, 201)
  },
)

t.test('On a full disk uploads are 507 and health is 503, until space is freed', { skip }, async (t) => {
  const DATA_DIR = await newDataDir(t)
  const disk = new SmallDisk(DATA_DIR, 32 * 1024 * 1024)
  t.teardown(() => disk.unmount())
  const server = await startServer(t, { DATA_DIR }).serves()
  const alice = await personOf(t, server)
  const { id } = await alice.put(LARGE)
  disk.fill(0)
  t.match(await alice.upload(LARGE.subarray(1)), { status: 507 })
  await becomesUnhealthy(server, /full/)
  // The WAL may still have room for small files.
  await until('small files are refused', async () => (await alice.upload(randomBytes(3000))).status === 507)
  const refused = await alice.patch(`/files/${id}`, { name: 'x'.repeat(200) })
  t.match(refused.status, /200|503/)
  t.equal((await alice.get(`/download/${id}`)).status, 200)
  disk.restore()
  await becomesHealthy(server)
  t.equal((await alice.upload(LARGE.subarray(1))).status, 201)
  t.equal((await alice.upload(SMALL)).status, 201)
})

t.test(
  'With folders that belong to another user uploads and health are 503, until they are given back',
  { skip },
  async (t) => {
    const DATA_DIR = await folderOf(t, NOBODY)
    const server = await startServer(t, { DATA_DIR }, 'regional', { user: NOBODY }).serves()
    const alice = await personOf(t, server)
    await becomesHealthy(server)
    for (const name of ['tmp', 'blobs']) chownSync(join(DATA_DIR, name), 0, 0)
    t.match(await alice.upload(LARGE), { status: 503, json: { detail: /permission/ } })
    await becomesUnhealthy(server, /permission/)
    for (const name of ['tmp', 'blobs']) chownSync(join(DATA_DIR, name), NOBODY, NOBODY)
    await becomesHealthy(server)
    t.equal((await alice.upload(LARGE)).status, 201)
  },
)

t.test('A server on a read-only file system does not start, and says so', { skip }, async (t) => {
  const DATA_DIR = await newDataDir(t)
  mountReadOnly(t, DATA_DIR)
  const lines = [`${DATA_DIR} cannot be used: the file system is read-only`]
  t.strictSame(await refusal(startServer(t, { DATA_DIR })), { code: 1, lines })
  const below = join(DATA_DIR, 'eu')
  const { code, lines: others } = await refusal(startServer(t, { DATA_DIR: below }))
  t.strictSame([code, others], [1, lines])
})

t.test("A server does not start with another user's folder or files, and names them", { skip }, async (t) => {
  const foreign = await folderOf(t, 0)
  const user = { user: NOBODY }
  const why = `cannot be used: permission is denied (it belongs to user 0, and this process runs as user ${NOBODY})`
  const start = (DATA_DIR: string) => refusal(startServer(t, { DATA_DIR }, 'regional', user))
  t.strictSame(await start(foreign), { code: 1, lines: [`${foreign} ${why}`] })
  const own = await folderOf(t, NOBODY)
  const server = await startServer(t, { DATA_DIR: own }, 'regional', user).serves()
  await server.kill()
  const database = join(own, 'regional.db')
  chownSync(database, 0, 0)
  t.strictSame(await start(own), { code: 1, lines: [`${database} ${why}`] })
})

t.test(
  'A server on a file system without hard links does not start, and says so',
  { skip: cannotMountExfat },
  async (t) => {
    const folder = await newDataDir(t)
    const DATA_DIR = join(folder, 'data')
    mkdirSync(DATA_DIR)
    mountExfat(t, DATA_DIR)
    const lines = [`${join(DATA_DIR, 'blobs/probe')} cannot be used: the file system has no hard links`]
    t.strictSame(await refusal(startServer(t, { DATA_DIR })), { code: 1, lines })
  },
)

t.test('On a full disk the health of a grand is 503, until space is freed', { skip }, async (t) => {
  const CERTS_DIR = await newDataDir(t)
  await ensureCertificates(CERTS_DIR, { names: ['grand', 'eu'], now: new Date() })
  const DATA_DIR = await newDataDir(t)
  const disk = new SmallDisk(DATA_DIR, 32 * 1024 * 1024)
  t.teardown(() => disk.unmount())
  const grand = await startServer(t, { CERTS_DIR, DATA_DIR }, 'grand').serves()
  const health = () => healthOfGrand(grand.url, CERTS_DIR)
  t.match(await health(), { status: 200 })
  disk.fill(0)
  await until('its health is 503', async () => {
    const { status, body } = await health()
    return status === 503 && /the disk is full/.test(body)
  })
  disk.restore()
  await until('its health is 200', async () => (await health()).status === 200)
})

async function healthOfGrand(url: string, certsDir: string): Promise<{ status: number; body: string }> {
  const read = (file: string) => readFileSync(join(certsDir, file))
  const identity = { ca: read('ca.crt'), cert: read('eu.crt'), key: read('eu.key') }
  const [response] = await once(request(`${url}/health`, { ...identity, agent: false }).end(), 'response')
  return { status: response.statusCode, body: Buffer.concat(await response.toArray()).toString() }
}
