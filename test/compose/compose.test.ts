/**
 * docker-compose.yml and Dockerfile, tried on a real engine. Building takes minutes when the engine has nothing to
 * build on, and so this runs only when it is asked for: `COMPOSE=1 npm test -- test/compose/compose.test.ts`.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Person } from '../support/person.js'
import {
  BUILD_MS,
  ComposeSphere,
  eventually,
  REGIONALS,
  type RegionalName,
  SERVERS,
  whatIsMissing,
} from './compose-sphere.js'

/** Beside what building takes. */
const STORY_MS = 180_000
const TIMEOUT_MS = BUILD_MS + STORY_MS

/** Run in a container, where the token is in the environment. */
const ASK_STATUS = `node -e "
  const headers = { authorization: 'Bearer ' + process.env.SYNCSPHERE_OPERATOR_TOKEN }
  fetch('http://127.0.0.1:5001/sync/status', { headers }).then((r) => r.text()).then(console.log)"`

/** Where somebody works while a server is away. */
const BUSY_WHILE_AWAY: Record<(typeof SERVERS)[number], RegionalName> = {
  grand: 'us',
  eu: 'us',
  us: 'ap',
  ap: 'eu',
}

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
        const response = await there.get(`/download/${id}`)
        got = response.bytes
        return response.status === 200
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
      t.strictSame(keys, [`/certs/${server}/${server}.key`])
    }
  })

  await t.test('tells how it is by the command that supervisors run', async (t) => {
    for (const server of SERVERS) t.equal(await sphere.inside(server, 'syncsphere health'), `${server} is ok`)
  })

  await t.test('keeps a certificate that is asked to hold another host, and says so', async (t) => {
    const asked = sphere.compose(['run', '--rm', 'certs', 'grand', '--host', 'grand.example.org'])
    await t.rejects(asked, {
      message: /grand has a certificate, .* --renew grand --host grand\.example\.org/,
    })
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

  await t.test('backs a server up into the volume that is there for it', async (t) => {
    const said = await sphere.inside('eu', 'syncsphere backup --to /backup/monday')
    t.match(said, /^copied regional\.db.* and [1-9]\d* larger blobs to \/backup\/monday$/)
    t.match(await sphere.inside('eu', 'ls /backup/monday'), 'regional.db')
  })

  await t.test('has everything after it was taken down and brought up again', async (t) => {
    const [before] = await sphere.converged()
    await sphere.compose(['down'])
    await sphere.compose(['up', '--detach'])
    const [after] = await sphere.converged()
    t.equal(after, before)
    await allHoldAll(t)
    t.equal((await alice.get('/files')).json.items.length, kept.size, 'her session is still good')
  })

  await t.test('gets another region by the override that the documentation shows', async (t) => {
    const before = await sphere.inspect('eu')
    await sphere.override(overrideFor('sa'))
    await sphere.compose(['up', '--detach'])
    const status = async () => JSON.parse(await sphere.inside('sa', ASK_STATUS)) as Record<string, unknown>
    await eventually('sa has caught up', async () => {
      const { connected, applied_position, log_head } = await status()
      return connected === true && applied_position === log_head
    })
    t.equal(await sphere.inside('sa', 'syncsphere health'), 'sa is ok')
    t.equal(
      (await sphere.inspect('eu')).State.StartedAt,
      before.State.StartedAt,
      'the others are not restarted',
    )
  })

  await t.test('says in one line why it does not start, where one looks for it', async (t) => {
    await sphere.compose(['down'])
    await sphere.override(overrideFor('sa').replace("volumes: ['sa-certs:/certs/sa']", ''))
    await t.rejects(sphere.compose(['up', '--detach']), { message: /certs|exited with code 1/ })
    const lines = (await sphere.compose(['logs', '--no-color', 'certs'])).trim().split('\n')
    t.match(lines.at(-1), /syncsphere: the files of sa could not be copied: .*\/certs\/sa/)
  })
})

/** The block of the documentation that adds a region. */
function overrideFor(region: string): string {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const block = text.split('```yaml\n').find((part) => part.includes(`  ${region}:\n    extends:`))
  return (block ?? '').split('```')[0] ?? ''
}
