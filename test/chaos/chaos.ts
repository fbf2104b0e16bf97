import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Person } from '../support/person.js'
import { SeededRandom } from '../support/random.js'
import type { Apart } from './checks/sphere.js'
import { checkWorld } from './checks/world.js'
import type { Device } from './device.js'
import { runLane } from './faults.js'
import { Figures } from './figures.js'
import { type Latency, MOST_TIMES, measureLatency, ratioOf } from './latency.js'
import { Lock } from './lock.js'
import { World } from './model/world.js'
import { settle, work } from './people.js'
import { lanesOf } from './plan.js'
import { ChaosSphere, REGIONALS } from './sphere.js'

const USERS = 24
const THINK_MS = [100, 1200] as const
const MIB = 1024 ** 2

export interface ChaosOptions {
  seed: number
  /** Of load and faults; healing and checking come behind it. */
  seconds: number
  /** The first of ten ports that are free. */
  port: number
  /** A folder for what the servers hold and said, should anything be wrong. */
  keep?: string | undefined
  say: (line: string) => void
}

export interface Outcome {
  figures: Figures
  /** What was acknowledged and is not there. */
  lost: string[]
  /** All that is wrong, what is lost included. */
  violations: string[]
  convergedMs: number
  latency: Latency
}

/** Load and faults for a while, then silence, and every invariant. @throws Error when the run itself fails */
export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const { port, seconds, keep } = options
  const figures = new Figures()
  const diskBytes = 256 * MIB + Math.ceil(seconds / 60) * 128 * MIB
  const onFault = (fault: string) => figures.violations.push(fault)
  await using sphere = await ChaosSphere.open({ port, diskBytes, onFault })
  try {
    const outcome = await run(sphere, figures, options)
    if (keep !== undefined && outcome.violations.length > 0) await sphere.keep(keep)
    return outcome
  } catch (error) {
    if (keep !== undefined) await sphere.keep(keep)
    throw error
  }
}

async function run(
  sphere: ChaosSphere,
  figures: Figures,
  { seconds, seed, say }: ChaosOptions,
): Promise<Outcome> {
  if (sphere.diskless !== undefined) figures.leftOut.add(`disk full: ${sphere.diskless}`)
  const random = new SeededRandom(`chaos ${seed}`)
  const world = new World()
  const gate = new Lock()
  const devices = await settle({ sphere, world, random, figures, gate, count: USERS, thinkMs: THINK_MS })
  const apart = await disturb(sphere, devices, { random, figures, gate, seconds, say })
  say('healing')
  const healed = performance.now()
  await sphere.heal()
  await sphere.quiet('all is in step after the faults')
  const convergedMs = performance.now() - healed
  say(`in step after ${Math.round(convergedMs)} ms; checking what people see`)
  const { lost, wrong } = await checkWorld(sphere, world, apart)
  say('measuring with the grand and without')
  const latency = await latencyOf(sphere)
  say('restarting all, and checking what is on the disks')
  const onDisk = await sphere.faultsOnDisk()
  const slow = ratioOf(latency) > MOST_TIMES ? ['without the grand requests take too long'] : []
  const violations = [...lost, ...figures.violations, ...figures.failed(), ...wrong, ...onDisk, ...slow]
  return { figures, lost, violations, convergedMs, latency }
}

interface Disturbance extends Pick<ChaosOptions, 'seconds' | 'say'> {
  random: SeededRandom
  figures: Figures
  gate: Lock
}

/** Lets everybody work while everything goes wrong. Returns when servers were apart. */
async function disturb(sphere: ChaosSphere, devices: Device[], options: Disturbance): Promise<Apart[]> {
  const { random, figures, gate, seconds, say } = options
  const lanes = lanesOf(random.fork('faults'), [...sphere.disks.keys()])
  const end = new AbortController()
  setMaxListeners(0, end.signal)
  const timer = setTimeout(() => end.abort(), seconds * 1000)
  const apart: Apart[] = []
  const running = [
    work(devices, end.signal),
    watch(sphere, apart, figures, say, end.signal),
    ...lanes.map((lane) => runLane(lane, { sphere, figures, gate, say }, end.signal)),
  ]
  try {
    await Promise.all(running)
  } finally {
    clearTimeout(timer)
    end.abort()
    await Promise.allSettled(running)
  }
  return apart
}

/** Notes when servers are apart, and says now and then how it goes. */
async function watch(
  sphere: ChaosSphere,
  apart: Apart[],
  figures: Figures,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let saidAt = performance.now()
  for (let from = Date.now(); !signal.aborted; from = Date.now()) {
    const all = await Promise.all(REGIONALS.map((name) => sphere.status(name)))
    const areTogether = all.every((one) => one?.connected && (one.lag_seconds ?? 1) < 0.5)
    if (!areTogether) apart.push({ from: from - 1000, until: Date.now() + 1000 })
    if (performance.now() - saidAt > 5000) {
      saidAt = performance.now()
      say(figures.summary())
    }
    await sleep(300, undefined, { signal }).catch(() => undefined)
  }
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
