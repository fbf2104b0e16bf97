import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { TestSphere } from '../support/test-sphere.js'
import { until } from '../support/until.js'
import { missing, run } from './tools.js'

const TSHARK = 'tshark'
const skip = missing(TSHARK)

t.setTimeout(100_000)

interface Sniffer {
  /** Ends the capture. Returns a function for the concatenated payloads of all segments to or from some ports. */
  stop(): Promise<(ports: number[]) => Promise<Buffer>>
}

/** Captures the traffic of these ports on the loopback interface. */
async function sniff(t: Test, ports: number[]): Promise<Sniffer> {
  const file = join(t.testdir(), 'captured.pcapng')
  const filter = ports.map((port) => `tcp port ${port}`).join(' or ')
  const tshark = spawn(TSHARK, ['-i', 'lo', '-f', filter, '-B', '64', '-w', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.teardown(() => tshark.kill('SIGKILL'))
  let stderr = ''
  tshark.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const closed = once(tshark, 'close')
  await until(`tshark captures: ${stderr}`, () => /Capture started/.test(stderr) || tshark.exitCode !== null)
  if (tshark.exitCode !== null) throw new Error(`tshark cannot capture: ${stderr}`)
  return {
    async stop() {
      tshark.kill('SIGINT')
      await closed
      return async (wanted) => {
        const display = wanted.map((port) => `tcp.port == ${port}`).join(' or ')
        const args = ['-r', file, '-Y', `(${display}) and tcp.len > 0`, '-T', 'fields', '-e', 'tcp.payload']
        const { output } = await run(t, TSHARK, args, 60_000)
        const lines = output.split('\n').filter((line) => /^[0-9a-f]+$/.test(line))
        return Buffer.from(lines.join(''), 'hex')
      }
    },
  }
}

/** The names of the secrets in the captured bytes. */
function findSecrets(captured: Buffer, secrets: Record<string, Buffer>): string[] {
  return Object.entries(secrets)
    .filter(([, bytes]) => captured.includes(bytes))
    .map(([name]) => name)
}

t.test('a sniffer between the servers finds no secrets', { skip }, async (t) => {
  const sphere = await TestSphere.open(t, ['eu', 'us'])
  const eu = sphere.regional('eu')
  const users = [eu, sphere.regional('us')].map(({ url }) => Number(new URL(url).port))
  const servers = [sphere.grand.port, sphere.link('eu').port, sphere.link('us').port]
  const sniffer = await sniff(t, [...users, ...servers])

  const small = randomBytes(40).toString('hex')
  const large = randomBytes(40).toString('hex')
  const alice = await eu.person('alice-the-marked')
  await alice.put(small, { name: 'marked-name.txt', folder: '/marked-folder' })
  const { id } = await alice.put(Buffer.concat([Buffer.from(large), randomBytes(300_000)]))
  await sphere.converged()
  await sphere.haveAllBlobs('eu', 'us')
  t.equal((await sphere.at('us', alice).get(`/download/${id}`)).status, 200)

  const captured = await sniffer.stop()
  const text = (value: string) => Buffer.from(value)
  const secrets = {
    'the bytes of a small file': text(small),
    'the bytes of a large file': text(large),
    'a file name': text('marked-name.txt'),
    'a folder': text('/marked-folder'),
    'a username': text(alice.username),
    'an email': text(alice.email),
    'a password': text(alice.password),
    'the secret of a session': text(alice.session),
    'the hash of that secret': text(createHash('sha256').update(alice.session).digest('hex')),
    'the hash of a password': text('$argon2id$'),
  }
  const toUsers = await captured(users)
  t.strictSame(
    findSecrets(toUsers, secrets),
    Object.keys(secrets).filter((name) => !name.startsWith('the hash')),
    'the sniffer sees all secrets in plain HTTP between users and servers',
  )
  const between = await captured(servers)
  t.ok(between.length > 2 * 300_000, `${between.length} bytes passed between the servers`)
  t.strictSame(findSecrets(between, secrets), [], 'no secret is visible between the servers')
  t.ok((await readFile(join(sphere.grandDir, 'grand.db'))).length > 0)
})
