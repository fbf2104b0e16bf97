import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Person } from '../support/person.js'
import { SeededRandom } from '../support/random.js'
import type { Diverged } from './checks/sphere.js'
import { checkWorld } from './checks/world.js'
import type { Device } from './device.js'
import { runLane } from './faults.js'
import { Figures } from './figures.js'
import { type Latency, MAX_RATIO, measureLatency, ratioOf } from './latency.js'
import { Lock } from './lock.js'
import { World } from './model/world.js'
import { registerPeople, runDevices } from './people.js'
import { lanesOf } from './plan.js'
import { ChaosSphere, REGIONALS } from './sphere.js'

const USERS = 24
const THINK_MS = [100, 1200] as const
const MIB = 1024 ** 2

export interface ChaosOptions {
  seed: number
  /** Duration of load and faults; the heal and the checks follow. */
  seconds: number
  /** The first of ten consecutive free ports. */
  port: number
  /** A folder to keep the servers' data and logs in after a failed run. */
  keep?: string | undefined
  report: (line: string) => void
}

export interface Outcome {
  figures: Figures
  /** Acknowledged data that is gone. */
  lost: string[]
  /** All violated properties, including lost data. */
  violations: string[]
  convergedMs: number
  latency: Latency
}

/** Runs load and faults, heals, and checks every invariant. @throws Error if the run itself fails */
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
  { seconds, seed, report }: ChaosOptions,
): Promise<Outcome> {
  if (sphere.noDisksReason !== undefined) figures.skipped.add(`disk full: ${sphere.noDisksReason}`)
  const random = new SeededRandom(`chaos ${seed}`)
  const world = new World()
  const activityLock = new Lock()
  const devices = await registerPeople({
    sphere,
    world,
    random,
    figures,
    activityLock,
    count: USERS,
    thinkMs: THINK_MS,
  })
  const diverged = await runUnderFaults(sphere, devices, { random, figures, activityLock, seconds, report })
  report('healing')
  const healed = performance.now()
  await sphere.heal()
  await sphere.waitQuiet('the sphere has converged after the faults')
  const convergedMs = performance.now() - healed
  report(`converged after ${Math.round(convergedMs)} ms; checking what each account sees`)
  const { lost, wrong } = await checkWorld(sphere, world, diverged)
  report('measuring latency with and without the grand')
  const latency = await latencyOf(sphere)
  report('restarting all servers and checking their folders')
  const onDisk = await sphere.faultsOnDisk()
  const slow = ratioOf(latency) > MAX_RATIO ? ['requests take too long without the grand'] : []
  const violations = [...lost, ...figures.violations, ...figures.failed(), ...wrong, ...onDisk, ...slow]
  return { figures, lost, violations, convergedMs, latency }
}

interface RunUnderFaultsDeps extends Pick<ChaosOptions, 'seconds' | 'report'> {
  random: SeededRandom
  figures: Figures
  activityLock: Lock
}

/** Runs load and faults concurrently. Returns the times at which servers were not converged. */
async function runUnderFaults(
  sphere: ChaosSphere,
  devices: Device[],
  options: RunUnderFaultsDeps,
): Promise<Diverged[]> {
  const { random, figures, activityLock, seconds, report } = options
  const lanes = lanesOf(random.fork('faults'), [...sphere.disks.keys()])
  const end = new AbortController()
  setMaxListeners(0, end.signal)
  const timer = setTimeout(() => end.abort(), seconds * 1000)
  const diverged: Diverged[] = []
  const running = [
    runDevices(devices, end.signal),
    watch(sphere, diverged, figures, report, end.signal),
    ...lanes.map((lane) => runLane(lane, { sphere, figures, activityLock, report }, end.signal)),
  ]
  try {
    await Promise.all(running)
  } finally {
    clearTimeout(timer)
    end.abort()
    await Promise.allSettled(running)
  }
  return diverged
}

/** Records when servers have not converged, and prints progress. */
async function watch(
  sphere: ChaosSphere,
  diverged: Diverged[],
  figures: Figures,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let reportedAt = performance.now()
  for (let from = Date.now(); !signal.aborted; from = Date.now()) {
    const all = await Promise.all(REGIONALS.map((name) => sphere.status(name)))
    const haveConverged = all.every((one) => one?.connected && (one.lag_seconds ?? 1) < 0.5)
    if (!haveConverged) diverged.push({ from: from - 1000, until: Date.now() + 1000 })
    if (performance.now() - reportedAt > 5000) {
      reportedAt = performance.now()
      report(figures.summary())
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
