/**
 * Tests docker-compose.yml and Dockerfile on a real engine. Building can take minutes, so this runs on request only:
 * `COMPOSE=1 npm test -- test/compose/compose.test.ts`.
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
  reasonToSkip,
  SERVERS,
} from './compose-sphere.js'

/** Time limit without the build. */
const STORY_MS = 180_000
const TIMEOUT_MS = BUILD_MS + STORY_MS

/** Runs in a container, whose environment has the token. */
const ASK_STATUS = `node -e "
  const headers = { authorization: 'Bearer ' + process.env.SYNCSPHERE_OPERATOR_TOKEN }
  fetch('http://127.0.0.1:5001/sync/status', { headers }).then((r) => r.text()).then(console.log)"`

/** The regional that serves requests while a server is down. */
const REGIONAL_IN_USE: Record<(typeof SERVERS)[number], RegionalName> = {
  grand: 'us',
  eu: 'us',
  us: 'ap',
  ap: 'eu',
}

const skip =
  process.env.COMPOSE === '1'
    ? (reasonToSkip() ?? false)
    : 'set COMPOSE=1 to build the image and run a sphere of containers'

t.setTimeout(TIMEOUT_MS)

t.test('A sphere of containers', { skip, timeout: TIMEOUT_MS }, async (t) => {
  const sphere = await ComposeSphere.make()
  t.teardown(() => sphere[Symbol.asyncDispose]())
  await sphere.build()
  const keptFiles = new Map<string, Buffer>()
  const alice = sphere.person('eu', 'alice')
  t.teardown(() => alice.close())

  /** Uploads a file that every server must store from then on. */
  const uploadKept = async (person: Person, size: number) => {
    const bytes = randomBytes(size)
    const { id } = await person.put(bytes, { name: `${size}.bin`, visibility: 'public' })
    keptFiles.set(id, bytes)
  }

  const holdsAll = async (regional: RegionalName) => {
    const there = sphere.at(regional, alice)
    for (const [id, bytes] of keptFiles) {
      let got: Buffer = Buffer.alloc(0)
      const arrives = async () => {
        const response = await there.get(`/download/${id}`)
        got = response.bytes
        return response.status === 200
      }
      // The file's metadata arrives before its blob; until then a download returns 503.
      await eventually(`${regional} serves ${id}`, arrives)
      if (!got.equals(bytes)) return false
    }
    await there.close()
    return true
  }

  const allHoldAll = async (t: Test) => {
    t.equal((await sphere.converged()).size, 1, 'all servers have converged')
    for (const regional of REGIONALS)
      t.ok(await holdsAll(regional), `${regional} serves every file unchanged`)
  }

  await t.test('docker compose up starts healthy containers', async (t) => {
    await sphere.compose(['up', '--detach'])
    for (const server of SERVERS) {
      const healthy = async () => (await sphere.inspect(server)).State.Health.Status === 'healthy'
      await eventually(`${server} is healthy`, healthy)
      t.pass(`${server} is healthy`)
    }
  })

  await t.test(
    'Each container runs without root, with a read-only image and with its own key alone',
    async (t) => {
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
    },
  )

  await t.test('syncsphere health reports every container as ok', async (t) => {
    for (const server of SERVERS) t.equal(await sphere.inside(server, 'syncsphere health'), `${server} is ok`)
  })

  await t.test(
    'A certificate that does not cover a newly configured host is kept, and the log says so',
    async (t) => {
      const asked = sphere.compose(['run', '--rm', 'certs', 'grand', '--host', 'grand.example.org'])
      await t.rejects(asked, {
        message: /the certificate of grand lacks .* --renew grand --host grand\.example\.org/,
      })
    },
  )

  await t.test('Every regional shows the files uploaded to one regional', async (t) => {
    await alice.register()
    await alice.logIn()
    await uploadKept(alice, 1000)
    await uploadKept(alice, 3_000_000)
    await allHoldAll(t)
    for (const regional of REGIONALS) {
      const there = sphere.at(regional, alice)
      t.equal((await there.get('/files')).json.items.length, 2, `the session is valid on ${regional}`)
      await there.close()
    }
  })

  for (const server of SERVERS) {
    await t.test(`${server} catches up after it was killed and restarted`, async (t) => {
      await sphere.kill(server)
      const person = sphere.at(REGIONAL_IN_USE[server], alice)
      await uploadKept(person, 2000)
      await uploadKept(person, 200_000)
      await person.close()
      await sphere.start(server)
      await allHoldAll(t)
    })
  }

  await t.test('syncsphere backup writes into the backup volume', async (t) => {
    const output = await sphere.inside('eu', 'syncsphere backup --to /backup/monday')
    t.match(output, /^copied regional\.db and [1-9]\d* blob files? to \/backup\/monday$/)
    t.match(await sphere.inside('eu', 'ls /backup/monday'), 'regional.db')
  })

  await t.test('All files and sessions survive docker compose down and up', async (t) => {
    const [before] = await sphere.converged()
    await sphere.compose(['down'])
    await sphere.compose(['up', '--detach'])
    const [after] = await sphere.converged()
    t.equal(after, before)
    await allHoldAll(t)
    t.equal((await alice.get('/files')).json.items.length, keptFiles.size, 'the session is still valid')
  })

  await t.test('The documented override file adds a region', async (t) => {
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
      'the other containers are not restarted',
    )
  })

  await t.test('A container that cannot start logs the reason in one line', async (t) => {
    await sphere.compose(['down'])
    await sphere.override(overrideFor('sa').replace("volumes: ['sa-certs:/certs/sa']", ''))
    await t.rejects(sphere.compose(['up', '--detach']), { message: /certs|exited with code 1/ })
    const lines = (await sphere.compose(['logs', '--no-color', 'certs'])).trim().split('\n')
    t.match(lines.at(-1), /syncsphere: the files of sa could not be copied: .*\/certs\/sa/)
  })
})

/** The documented override file for a region. */
function overrideFor(region: string): string {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const block = text.split('```yaml\n').find((part) => part.includes(`  ${region}:\n    extends:`))
  return (block ?? '').split('```')[0] ?? ''
}
