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

const turnsRed = (server: ServerProcess, reason: RegExp) =>
  until('its health is red', async () => {
    const found = await health(server)
    return found.startsWith('503') && reason.test(found)
  })

const turnsGreen = (server: ServerProcess) =>
  until('its health is green', async () => (await health(server)) === '200 ok')

/** What a server says that does not start. */
async function refusal(server: ServerProcess): Promise<{ code: number | null; lines: string[] }> {
  return { code: await server.end(), lines: server.errors.trim().split('\n') }
}

/** A folder in which only its own user can do anything. */
async function folderOf(t: Test, user: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'storage-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  chownSync(dir, user, user)
  return dir
}

t.test(
  'a file system that becomes read-only is 503 and a red health, until it is writable',
  { skip },
  async (t) => {
    const DATA_DIR = await newDataDir(t)
    const server = await startServer(t, { DATA_DIR }).serves()
    const alice = await personOf(t, server)
    const { id } = await alice.put(LARGE)
    await turnsGreen(server)
    const mountAgain = mountReadOnly(t, join(DATA_DIR, 'tmp'))
    t.match(await alice.upload(LARGE.subarray(1)), { status: 503, json: { detail: /read-only/ } })
    await turnsRed(server, /read-only/)
    t.equal((await alice.get(`/download/${id}`)).status, 200, 'what is there is handed out')
    mountAgain()
    await turnsGreen(server)
    t.equal((await alice.upload(LARGE.subarray(1))).status, 201)
  },
)

t.test(
  'a full disk refuses all that has to be stored, and its health is red until there is room',
  { skip },
  async (t) => {
    const DATA_DIR = await newDataDir(t)
    const disk = new SmallDisk(DATA_DIR, 32 * 1024 * 1024)
    t.teardown(() => disk.unmount())
    const server = await startServer(t, { DATA_DIR }).serves()
    const alice = await personOf(t, server)
    const { id } = await alice.put(LARGE)
    disk.fill(0)
    t.match(await alice.upload(LARGE.subarray(1)), { status: 507 })
    await turnsRed(server, /full/)
    // The WAL may have room for some more.
    await until('small files are refused', async () => (await alice.upload(randomBytes(3000))).status === 507)
    const refused = await alice.patch(`/files/${id}`, { name: 'x'.repeat(200) })
    t.match(refused.status, /200|503/)
    t.equal((await alice.get(`/download/${id}`)).status, 200)
    disk.restore()
    await turnsGreen(server)
    t.equal((await alice.upload(LARGE.subarray(1))).status, 201)
    t.equal((await alice.upload(SMALL)).status, 201)
  },
)

t.test(
  "a folder that becomes somebody else's is 503 and a red health, until it is given back",
  { skip },
  async (t) => {
    const DATA_DIR = await folderOf(t, NOBODY)
    const server = await startServer(t, { DATA_DIR }, 'regional', { user: NOBODY }).serves()
    const alice = await personOf(t, server)
    await turnsGreen(server)
    for (const name of ['tmp', 'blobs']) chownSync(join(DATA_DIR, name), 0, 0)
    t.match(await alice.upload(LARGE), { status: 503, json: { detail: /permission/ } })
    await turnsRed(server, /permission/)
    for (const name of ['tmp', 'blobs']) chownSync(join(DATA_DIR, name), NOBODY, NOBODY)
    await turnsGreen(server)
    t.equal((await alice.upload(LARGE)).status, 201)
  },
)

t.test('a server does not start on a read-only file system, and names it', { skip }, async (t) => {
  const DATA_DIR = await newDataDir(t)
  mountReadOnly(t, DATA_DIR)
  const lines = [`${DATA_DIR} cannot be used: the file system is read-only`]
  t.strictSame(await refusal(startServer(t, { DATA_DIR })), { code: 1, lines })
  const below = join(DATA_DIR, 'eu')
  const { code, lines: others } = await refusal(startServer(t, { DATA_DIR: below }))
  t.strictSame([code, others], [1, lines])
})

t.test(
  "a server does not start in another user's folder or with another user's files, and names them",
  { skip },
  async (t) => {
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
  },
)

t.test(
  'a server does not start where there are no hard links, and says so',
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

t.test('a grand on a full disk has a red health, and a green one when there is room', { skip }, async (t) => {
  const CERTS_DIR = await newDataDir(t)
  await ensureCertificates(CERTS_DIR, { names: ['grand', 'eu'], now: new Date() })
  const DATA_DIR = await newDataDir(t)
  const disk = new SmallDisk(DATA_DIR, 32 * 1024 * 1024)
  t.teardown(() => disk.unmount())
  const grand = await startServer(t, { CERTS_DIR, DATA_DIR }, 'grand').serves()
  const health = () => healthOfGrand(grand.url, CERTS_DIR)
  t.match(await health(), { status: 200 })
  disk.fill(0)
  await until('its health is red', async () => {
    const { status, body } = await health()
    return status === 503 && /the disk is full/.test(body)
  })
  disk.restore()
  await until('its health is green', async () => (await health()).status === 200)
})

async function healthOfGrand(url: string, certsDir: string): Promise<{ status: number; body: string }> {
  const read = (file: string) => readFileSync(join(certsDir, file))
  const identity = { ca: read('ca.crt'), cert: read('eu.crt'), key: read('eu.key') }
  const [response] = await once(request(`${url}/health`, { ...identity, agent: false }).end(), 'response')
  return { status: response.statusCode, body: Buffer.concat(await response.toArray()).toString() }
}
