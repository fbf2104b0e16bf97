import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientRequest } from '../support/client.js'
import type { SeededRandom } from '../support/random.js'
import type { Figures } from './figures.js'
import type { Lock } from './lock.js'
import type { AccountModel, Credential, World } from './model/world.js'
import { attempt, logIn, type Tried } from './requests.js'
import type { ChaosSphere } from './sphere.js'

/** After a server that did not answer, milliseconds. */
const REST_MS = 500

export interface DeviceOptions {
  server: string
  url: () => string
  /** Its own, of 127.0.0.0/8. */
  address: string
  account: AccountModel
  /** Runs an operator's command on a regional. */
  operate: ChaosSphere['operate']
  /** Those who were there from the beginning. */
  people: AccountModel[]
  world: World
  random: SeededRandom
  figures: Figures
  /** Held shared during each operation. */
  gate: Lock
  /** Between two operations, milliseconds, at least and at most. */
  thinkMs: readonly [number, number]
}

/** Something to do. Returns how it came out. */
export type Operation = (device: Device) => Promise<Tried | undefined>

let count = 0

/** A number that nobody else has. */
export function unique(): number {
  count += 1
  return count
}

/** A person's device, which talks to one regional and does one thing after the other. */
export class Device {
  readonly options: DeviceOptions
  readonly client: Client
  credential: Credential | undefined

  constructor(options: DeviceOptions) {
    this.options = options
    this.client = new Client(options.url, options.address)
  }

  get account(): AccountModel {
    return this.options.account
  }

  get random(): SeededRandom {
    return this.options.random
  }

  get server(): string {
    return this.options.server
  }

  /** Does this and that until it is told to end. */
  async run(operations: Map<string, Operation>, weights: Record<string, number>, signal: AbortSignal) {
    const { gate, figures, random, thinkMs } = this.options
    while (!signal.aborted) {
      const kind = random.weighted(weights)
      const tried = await gate.shared(async () => {
        if (signal.aborted) return undefined
        if (this.credential === undefined) await this.logIn()
        return this.credential === undefined ? undefined : await operations.get(kind)?.(this)
      })
      if (tried !== undefined) figures.operation(kind, tried.outcome)
      const isAway = tried === undefined || tried.response === undefined
      await sleep(isAway ? REST_MS : random.between(...thinkMs), undefined, { signal }).catch(() => undefined)
    }
    await this.client.close()
  }

  /** Asks, as whoever is logged in here. */
  async ask(method: string, path: string, asked: ClientRequest = {}): Promise<Tried> {
    const { credential } = this
    const tried = await attempt(this.client, method, path, {
      ...asked,
      headers: { ...credential?.headers, ...asked.headers },
    })
    this.#note(method, path, tried)
    if (tried.response?.status === 401 && this.credential === credential) this.credential = undefined
    return tried
  }

  /** Opens a session with a password that may be the account's; goes on with it here. */
  async logIn(): Promise<Tried> {
    const { account, random, url } = this.options
    const identifier = random.pick([...account.email.lawful()])
    const password = random.pick([...account.password.lawful()])
    const { tried, headers } = await logIn(url, identifier, password)
    this.#note('POST', '/login', tried)
    if (headers === undefined) return tried
    const credential: Credential = { kind: 'session', id: '', headers, opened: tried, ends: [] }
    this.credential = credential
    account.credentials.push(credential)
    const sessions = await this.ask('GET', '/sessions?limit=200')
    const items = (sessions.response?.json?.items ?? []) as { id: string; current: boolean }[]
    credential.id = items.find(({ current }) => current)?.id ?? ''
    return tried
  }

  #note(method: string, path: string, { response }: Tried): void {
    if (response?.status !== 500) return
    const { figures, server } = this.options
    const what = `${server}: ${method} ${path.split('/', 2).join('/')}`
    figures.failures.set(what, (figures.failures.get(what) ?? 0) + 1)
  }
}
