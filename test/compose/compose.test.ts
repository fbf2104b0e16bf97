/**
 * docker-compose.yml and Dockerfile, tried on a real engine. Building takes minutes when the engine has nothing to
 * build on, and so this runs only when it is asked for: `COMPOSE=1 npm test -- test/compose/compose.test.ts`.
 */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Person } from '../support/person.js'
import {
  BUILD_MS,
  ComposeSphere,
  eventually,
  REGIONALS,
  type RegionalName,
  SERVERS,
  type ServerName,
  whatIsMissing,
} from './compose-sphere.js'

/** Beside what building takes. */
const STORY_MS = 180_000
const TIMEOUT_MS = BUILD_MS + STORY_MS

/** Where somebody works while a server is away. */
const BUSY_WHILE_AWAY: Record<ServerName, RegionalName> = { grand: 'us', eu: 'us', us: 'ap', ap: 'eu' }

const skip =
  process.env.COMPOSE === '1'
    ? (whatIsMissing() ?? false)
    : 'set COMPOSE=1 to build the image and run a sphere of containers'

t.setTimeout(TIMEOUT_MS)

t.test('a sphere of containers', { skip, timeout: TIMEOUT_MS }, async (t) => {
  const sphere = await ComposeSphere.make()
  t.teardown(() => sphere[Symbol.asyncDispose]())
  await sphere.build()
  const kept = new Map<string, Buffer>()
  const alice = sphere.person('eu', 'alice')
  t.teardown(() => alice.close())

  /** Uploads what every server has to hold from then on. */
  const keep = async (person: Person, size: number) => {
    const bytes = randomBytes(size)
    const { id } = await person.put(bytes, { name: `${size}.bin`, visibility: 'public' })
    kept.set(id, bytes)
  }

  const holdsAll = async (regional: RegionalName) => {
    const there = sphere.at(regional, alice)
    for (const [id, bytes] of kept) {
      let got: Buffer = Buffer.alloc(0)
      const arrives = async () => {
        const answer = await there.get(`/download/${id}`)
        got = answer.bytes
        return answer.status === 200
      }
      // Metadata travels ahead of large bytes: until they are to be had, the answer is 503.
      await eventually(`${regional} hands out ${id}`, arrives)
      if (!got.equals(bytes)) return false
    }
    await there.close()
    return true
  }

  const allHoldAll = async (t: Test) => {
    t.equal((await sphere.converged()).size, 1, 'all hold the same state')
    for (const regional of REGIONALS)
      t.ok(await holdsAll(regional), `${regional} hands out every file unchanged`)
  }

  await t.test('comes up by one command, and every container is healthy', async (t) => {
    await sphere.compose(['up', '--detach'])
    for (const server of SERVERS) {
      const healthy = async () => (await sphere.inspect(server)).State.Health.Status === 'healthy'
      await eventually(`${server} is healthy`, healthy)
      t.pass(`${server} is healthy`)
    }
  })

  await t.test('runs with no more rights and no more keys than each server needs', async (t) => {
    for (const server of SERVERS) {
      const { Config, HostConfig } = await sphere.inspect(server)
      t.equal(Config.User, 'node')
      t.equal(HostConfig.ReadonlyRootfs, true)
      t.strictSame(HostConfig.CapDrop, ['ALL'])
      t.strictSame(HostConfig.SecurityOpt, ['no-new-privileges:true'])
      t.equal(HostConfig.RestartPolicy.Name, 'unless-stopped')
      t.not(await sphere.inside(server, 'id -u'), '0', `${server} is not root`)
      t.match(await sphere.inside(server, 'touch /app/file'), /Read-only file system/)
      t.match(await sphere.inside(server, `touch /certs/${server}/file`), /Read-only file system/)
      const keys = (await sphere.inside(server, 'ls /certs/*/*.key')).split('\n')
      const own = server === 'grand' ? ['grand', 'health'] : [server]
      t.strictSame(
        keys,
        own.map((name) => `/certs/${server}/${name}.key`),
      )
    }
  })

  await t.test('shows on every regional what was done on one', async (t) => {
    await alice.register()
    await alice.logIn()
    await keep(alice, 1000)
    await keep(alice, 3_000_000)
    await allHoldAll(t)
    for (const regional of REGIONALS) {
      const there = sphere.at(regional, alice)
      t.equal((await there.get('/files')).json.items.length, 2, `her session is good on ${regional}`)
      await there.close()
    }
  })

  for (const server of SERVERS) {
    await t.test(`${server} is killed, and catches up when it is started`, async (t) => {
      await sphere.kill(server)
      const busy = sphere.at(BUSY_WHILE_AWAY[server], alice)
      await keep(busy, 2000)
      await keep(busy, 200_000)
      await busy.close()
      await sphere.start(server)
      await allHoldAll(t)
    })
  }

  await t.test('has everything after it was taken down and brought up again', async (t) => {
    const [before] = await sphere.converged()
    await sphere.compose(['down'])
    await sphere.compose(['up', '--detach'])
    const [after] = await sphere.converged()
    t.equal(after, before)
    await allHoldAll(t)
    t.equal((await alice.get('/files')).json.items.length, kept.size, 'her session is still good')
  })
})
