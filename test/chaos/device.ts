import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientRequest } from '../support/client.js'
import type { SeededRandom } from '../support/random.js'
import type { Figures } from './figures.js'
import type { Lock } from './lock.js'
import type { AccountModel, Credential, World } from './model/world.js'
import { attempt, logIn, type Tried } from './requests.js'
import type { ChaosSphere } from './sphere.js'

/** Pause after a server did not respond, in milliseconds. */
const RETRY_PAUSE_MS = 500

export interface DeviceDeps {
  server: string
  url: () => string
  /** The client's source address, unique within 127.0.0.0/8. */
  address: string
  account: AccountModel
  /** Runs an operator command on a regional. */
  operate: ChaosSphere['operate']
  /** The accounts registered before the load. */
  people: AccountModel[]
  world: World
  random: SeededRandom
  figures: Figures
  /** Held shared during each operation. */
  activityLock: Lock
  /** Minimum and maximum pause between two operations, in milliseconds. */
  thinkMs: readonly [number, number]
}

/** One user action; resolves with its outcome. */
export type Operation = (device: Device) => Promise<Tried | undefined>

let count = 0

/** A number that is unique in this process. */
export function unique(): number {
  count += 1
  return count
}

/** A client of one regional that performs one operation at a time. */
export class Device {
  readonly options: DeviceDeps
  readonly client: Client
  credential: Credential | undefined

  constructor(options: DeviceDeps) {
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

  /** Performs random operations until the signal. */
  async run(operations: Map<string, Operation>, weights: Record<string, number>, signal: AbortSignal) {
    const { activityLock, figures, random, thinkMs } = this.options
    while (!signal.aborted) {
      const kind = random.weighted(weights)
      const tried = await activityLock.shared(async () => {
        if (signal.aborted) return undefined
        if (this.credential === undefined) await this.logIn()
        return this.credential === undefined ? undefined : await operations.get(kind)?.(this)
      })
      if (tried !== undefined) figures.operation(kind, tried.outcome)
      const isAway = tried === undefined || tried.response === undefined
      await sleep(isAway ? RETRY_PAUSE_MS : random.between(...thinkMs), undefined, { signal }).catch(
        () => undefined,
      )
    }
    await this.client.close()
  }

  /** Sends a request with the device's session. */
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

  /** Logs in with a password that the account may have, and uses the new session. */
  async logIn(): Promise<Tried> {
    const { account, random, url } = this.options
    const identifier = random.pick([...account.email.permitted()])
    const password = random.pick([...account.password.permitted()])
    const { tried, headers } = await logIn(url, identifier, password)
    this.#note('POST', '/login', tried)
    if (headers === undefined) return tried
    const credential: Credential = { kind: 'session', id: '', headers, opened: tried, ends: [], password }
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
