import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../simulation/random.js'
import { faultsOfSphere } from '../support/invariants/sphere-dirs.js'
import { Person } from '../support/person.js'
import { until } from '../support/until.js'
import { ACCOUNT_OPERATIONS, newAccount } from './account-operations.js'
import { type Found, lookAt } from './checks/accounts.js'
import { type Apart, faultsBetween } from './checks/sphere.js'
import { withClients } from './checks/view.js'
import { Device } from './device.js'
import { runLane } from './faults.js'
import { Figures } from './figures.js'
import { FILE_OPERATIONS } from './file-operations.js'
import { FRIEND_OPERATIONS } from './friend-operations.js'
import { type Latency, MOST_TIMES, measureLatency, ratioOf } from './latency.js'
import { Lock } from './lock.js'
import { World } from './model/world.js'
import { lanesOf } from './plan.js'
import { attempt } from './requests.js'
import { ChaosSphere, QUOTA_BYTES, REGIONALS } from './sphere.js'

const USERS = 24
const MIB = 1024 ** 2

/** After which a sphere that was healed and is left alone has to be in step. */
const CONVERGE_MS = 120_000

const OPERATIONS = new Map([...FILE_OPERATIONS, ...ACCOUNT_OPERATIONS, ...FRIEND_OPERATIONS])

/** How often each operation comes, beside the others. */
const WEIGHTS: Record<string, number> = {
  upload: 30,
  'upload with copies': 2,
  'upload given up': 3,
  update: 14,
  delete: 10,
  download: 14,
  list: 4,
  'look at the account': 2,
  'log in': 2,
  'log out': 2,
  'change the password': 0.7,
  'change the email': 0.5,
  'make a token': 1,
  'revoke a token': 1,
  'list sessions': 1,
  'come and go': 2,
  'ask a friend': 4,
  'answer a request': 4,
  'cancel a request': 1,
  'end a friendship': 1.5,
  'list friends': 1,
  "see a friend's files": 2,
}

export interface ChaosOptions {
  seed: number
  /** Of load and faults; healing and checking come behind it. */
  seconds: number
  port: number
  say: (line: string) => void
}

export interface Outcome {
  figures: Figures
  lost: string[]
  violations: string[]
  convergedMs: number
  latency: Latency | undefined
}

/** Load and faults for a while, then silence, and every invariant. @throws Error when the run itself fails */
export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const figures = new Figures()
  const diskBytes = 256 * MIB + Math.ceil(options.seconds / 60) * 128 * MIB
  const onFault = (fault: string) => figures.violations.push(fault)
  await using sphere = await ChaosSphere.open({ port: options.port, diskBytes, onFault })
  if (sphere.diskless !== undefined) figures.leftOut.add(`disk full: ${sphere.diskless}`)
  const random = new Random(`chaos ${options.seed}`)
  const world = new World()
  const devices = await settle(sphere, world, random, figures)
  const apart = await disturb(sphere, devices, random, figures, options)
  options.say('healing')
  const healed = performance.now()
  await sphere.heal()
  await quiet(sphere, 'all is in step after the faults')
  const convergedMs = performance.now() - healed
  options.say(`in step after ${Math.round(convergedMs)} ms; checking what people see`)
  const { lost, wrong } = await check(sphere, world, apart)
  options.say('measuring with the grand and without')
  const latency = await latencyOf(sphere)
  await quiet(sphere, 'all is in step after the checks')
  await sphere.stopAll()
  options.say('checking what is on the disks')
  const dirs = new Map(REGIONALS.map((name) => [name as string, sphere.server(name).dataDir]))
  const onDisk = await faultsOfSphere(sphere.server('grand').dataDir, dirs)
  const slow =
    ratioOf(latency) > MOST_TIMES
      ? [`without the grand requests take ${ratioOf(latency).toFixed(2)} times as long`]
      : []
  const failed = [...figures.failures].map(([what, count]) => `${what} was answered 500, ${count} times`)
  const violations = [...lost, ...figures.violations, ...failed, ...wrong, ...onDisk, ...slow]
  return { figures, lost, violations, convergedMs, latency }
}

async function quiet(sphere: ChaosSphere, what: string): Promise<void> {
  await until(what, () => sphere.isQuiet(), CONVERGE_MS).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await sphere.describe()}`)
  })
}

/** Registers people, and gives each a device at every regional. */
async function settle(
  sphere: ChaosSphere,
  world: World,
  random: Random,
  figures: Figures,
): Promise<Device[]> {
  const gate = new Lock()
  const devices: Device[] = []
  for (let user = 0; user < USERS; user += 1) {
    const username = `user${user}`
    const [email, password] = [`${username}@example.com`, `password of ${username}`]
    const person = new Person(() => sphere.url(REGIONALS[user % 3] as string), username)
    const tried = await attempt(person, 'POST', '/register', { json: { username, email, password } })
    await person.close()
    if (tried.outcome !== 'acknowledged') throw new Error(`${username} could not register`)
    const account = newAccount(username, email, password, tried)
    world.accounts.push(account)
    for (const [index, server] of REGIONALS.entries()) {
      const address = `127.10.${user}.${index + 1}`
      const own = random.fork(`${username} at ${server}`)
      devices.push(
        new Device({
          server,
          url: () => sphere.url(server),
          address,
          account,
          world,
          random: own,
          figures,
          gate,
        }),
      )
    }
  }
  await quiet(sphere, 'all know everybody')
  return devices
}

/** Lets everybody work while everything goes wrong. Returns when which servers were apart. */
async function disturb(
  sphere: ChaosSphere,
  devices: Device[],
  random: Random,
  figures: Figures,
  { seconds, say }: ChaosOptions,
): Promise<Apart[]> {
  const gate = devices[0]?.options.gate as Lock
  const lanes = lanesOf(random.fork('faults'), [...sphere.disks.keys()])
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(), seconds * 1000)
  const { apart, watching } = watch(sphere, figures, say, end.signal)
  const running = [
    ...devices.map((device) => device.run(OPERATIONS, WEIGHTS, end.signal)),
    ...lanes.map((lane) => runLane(lane, { sphere, figures, gate, say }, end.signal)),
  ]
  try {
    await Promise.all(running)
  } finally {
    clearTimeout(timer)
    end.abort()
    await Promise.allSettled(running)
    await watching
  }
  apart.push({ from: Date.now(), until: Date.now() })
  return apart
}

/** Notes when servers are apart, and says now and then how it goes. */
function watch(sphere: ChaosSphere, figures: Figures, say: (line: string) => void, signal: AbortSignal) {
  const apart: Apart[] = []
  let saidAt = performance.now()
  const look = async () => {
    for (let from = Date.now(); !signal.aborted; from = Date.now()) {
      const all = await Promise.all(REGIONALS.map((name) => sphere.status(name)))
      const isTogether = all.every(
        (one) => one?.connected && one.lag_seconds !== null && one.lag_seconds < 0.5,
      )
      if (!isTogether) apart.push({ from: from - 1000, until: Date.now() + 1000 })
      if (performance.now() - saidAt > 5000) {
        saidAt = performance.now()
        const faults = [...figures.faults.values()].reduce((sum, count) => sum + count, 0)
        const [done, refused, unknown] = (['acknowledged', 'refused', 'unknown'] as const).map((one) =>
          figures.total(one),
        )
        say(`${done} acknowledged, ${refused} refused, ${unknown} unknown, ${faults} faults`)
      }
      await sleep(300, undefined, { signal }).catch(() => undefined)
    }
  }
  return { apart, watching: look() }
}

async function check(sphere: ChaosSphere, world: World, apart: Apart[]) {
  const urls = new Map(REGIONALS.map((name) => [name as string, sphere.url(name)]))
  return withClients(urls, async (clients) => {
    const found: Found[] = []
    for (const account of world.accounts) found.push(await lookAt(account, clients))
    return {
      lost: found.flatMap(({ lost }) => lost),
      wrong: [...found.flatMap(({ wrong }) => wrong), ...faultsBetween(world, found, QUOTA_BYTES, apart)],
    }
  })
}

async function latencyOf(sphere: ChaosSphere): Promise<Latency> {
  const person = new Person(() => sphere.url('eu'), 'stopwatch', '127.99.9.9')
  try {
    await person.register()
    await person.logIn()
    return await measureLatency(sphere, person)
  } finally {
    await person.close()
  }
}
