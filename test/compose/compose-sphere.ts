import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.js'
import { Person } from '../support/person.js'
import { until } from '../support/until.js'

const PROJECT_FOLDER = fileURLToPath(new URL('../../', import.meta.url))

/** Compose as a plugin of docker, or as Debian's separate program. */
const COMPOSES = [['docker', 'compose'], ['docker-compose']] as const
const COMMAND_MS = 60_000
/** Pause between polls, so that polling stays below the rate limits. */
const POLL_MS = 100
const EVENTUALLY_TIMEOUT_MS = 40_000
export const BUILD_MS = 600_000

const run = promisify(execFile)

export const REGIONALS = ['eu', 'us', 'ap'] as const
export const SERVERS = ['grand', ...REGIONALS] as const
export type RegionalName = (typeof REGIONALS)[number]
/** `sa` is added by an override file. */
export type ServerName = (typeof SERVERS)[number] | 'sa'

/** Why Compose cannot be used here, or undefined. */
export function reasonToSkip(): string | undefined {
  if (!succeeds('docker', 'info')) return 'no docker engine responds'
  return composeCommand() === undefined ? 'neither docker compose nor docker-compose is installed' : undefined
}

/** The services of docker-compose.yml, with a project name, image name and ports of their own. */
export class ComposeSphere implements AsyncDisposable {
  readonly operatorToken = randomBytes(24).toString('hex')
  readonly #compose = composeCommand() ?? COMPOSES[0]
  readonly #ports: Record<RegionalName, number>
  readonly #env: NodeJS.ProcessEnv
  /** A copy of the files that Compose reads. */
  readonly #folder: string

  static async make(): Promise<ComposeSphere> {
    const folder = await mkdtemp(join(tmpdir(), 'compose-'))
    for (const file of ['docker-compose.yml', 'docker-compose.server.yml'])
      await copyFile(join(PROJECT_FOLDER, file), join(folder, file))
    return new ComposeSphere(
      { eu: await freePort(), us: await freePort(), ap: await freePort() },
      folder,
      await freePort(),
    )
  }

  private constructor(ports: Record<RegionalName, number>, folder: string, portOfSa: number) {
    const name = `syncsphere-test-${process.pid}`
    this.#ports = ports
    this.#folder = folder
    this.#env = {
      ...process.env,
      COMPOSE_PROJECT_NAME: name,
      SYNCSPHERE_IMAGE: name,
      SYNCSPHERE_OPERATOR_TOKEN: this.operatorToken,
      SYNCSPHERE_EU_PORT: String(ports.eu),
      SYNCSPHERE_US_PORT: String(ports.us),
      SYNCSPHERE_AP_PORT: String(ports.ap),
      SYNCSPHERE_SA_PORT: String(portOfSa),
    }
  }

  async build(): Promise<void> {
    await this.compose(['build'], { timeoutMs: BUILD_MS, folder: PROJECT_FOLDER })
  }

  /** Adds a docker-compose.override.yml. */
  async override(text: string): Promise<void> {
    await writeFile(join(this.#folder, 'docker-compose.override.yml'), text)
  }

  async compose(args: string[], { timeoutMs = COMMAND_MS, folder = this.#folder } = {}): Promise<string> {
    const [program, ...rest] = this.#compose
    const options = { cwd: folder, env: this.#env, timeout: timeoutMs, maxBuffer: 64 * 1024 ** 2 }
    return (await run(program, [...rest, ...args], options)).stdout
  }

  /** Runs a command in a server's container; resolves with its standard output and error. */
  async inside(server: ServerName, script: string): Promise<string> {
    const { stdout } = await run('docker', [
      'exec',
      await this.#id(server),
      'sh',
      '-c',
      `{ ${script}; } 2>&1; true`,
    ])
    return stdout.trim()
  }

  async kill(server: ServerName): Promise<void> {
    await run('docker', ['kill', await this.#id(server)])
  }

  async start(server: ServerName): Promise<void> {
    await run('docker', ['start', await this.#id(server)])
  }

  /** The container as the engine describes it. */
  // biome-ignore lint/suspicious/noExplicitAny: the test knows the parts of the description that it reads
  async inspect(server: ServerName): Promise<any> {
    const { stdout } = await run('docker', ['inspect', await this.#id(server)])
    return JSON.parse(stdout)[0]
  }

  person(regional: RegionalName, username: string): Person {
    return new Person(() => `http://127.0.0.1:${this.#ports[regional]}`, username)
  }

  /** A client of another regional with the person's credentials. */
  at(regional: RegionalName, person: Person): Person {
    const samePerson = this.person(regional, person.username)
    samePerson.headers = person.headers
    return samePerson
  }

  /** Waits until all regionals are connected and have equal digests; returns the digests. */
  async converged(): Promise<Set<string>> {
    let digests = new Set<string>()
    const operator = { authorization: `Bearer ${this.operatorToken}` }
    const clients = REGIONALS.map((name) => this.person(name, 'operator').as(operator))
    const poll = async () => {
      const responses = await Promise.all(clients.map((client) => client.get('/sync/status?digest=true')))
      const states = responses.map(({ json }) => json)
      digests = new Set(states.map((state) => state.state_digest as string))
      const even = states.every(
        (state) => state.connected && state.queue_length === 0 && state.applied_position === state.log_head,
      )
      return even && digests.size === 1
    }
    await eventually('all servers have converged', poll)
    await Promise.all(clients.map((client) => client.close()))
    return digests
  }

  /** Removes containers, volumes, network and image; the engine's build cache stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose(['down', '--volumes', '--timeout', '5'])
    await run('docker', ['image', 'rm', '--force', this.#env['SYNCSPHERE_IMAGE'] ?? ''])
    await rm(this.#folder, { recursive: true })
  }

  async #id(server: ServerName): Promise<string> {
    const filters = [
      `label=com.docker.compose.project=${this.#env['COMPOSE_PROJECT_NAME']}`,
      `label=com.docker.compose.service=${server}`,
    ]
    const args = filters.flatMap((filter) => ['--filter', filter])
    return (await run('docker', ['ps', '--all', '--quiet', ...args])).stdout.trim()
  }
}

/** Polls a condition; connection errors of servers that are starting count as false. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const look = async () => {
    if (await condition().catch(() => false)) return true
    await sleep(POLL_MS)
    return false
  }
  await until(what, look, EVENTUALLY_TIMEOUT_MS)
}

function composeCommand() {
  return COMPOSES.find(([program, ...args]) => succeeds(program, ...args, 'version'))
}

function succeeds(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
}
