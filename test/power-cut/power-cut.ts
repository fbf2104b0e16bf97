import { setMaxListeners } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkWorld } from '../chaos/checks/world.js'
import { Figures } from '../chaos/figures.js'
import { Lock } from '../chaos/lock.js'
import { worldAsOf } from '../chaos/model/past.js'
import { World } from '../chaos/model/world.js'
import { registerPeople, runDevices } from '../chaos/people.js'
import { ChaosSphere } from '../chaos/sphere.js'
import { SeededRandom } from '../support/random.js'
import { until } from '../support/until.js'
import { RecordingDisk, Volume } from './disks.js'
import { imageAfter, type Step } from './record.js'

const DISK_BYTES = 192 * 1024 ** 2
const USERS = 6
const THINK_MS = [5, 150] as const

/** Approximate number of acknowledged operations per session; a session is cut at several moments. */
const SESSION_OPERATIONS = 250
const CUTS_IN_SESSION = 10

/** Log messages of a server that detects the loss of data reported as durable. */
const DETECTED_LOSS = /grand-lost-log|we-lost-changes/

export interface PowerCutOptions {
  cuts: number
  seed: number
  /** The first of ten consecutive free ports. */
  port: number
  /** A file to keep the disk image of a failed cut in. */
  keep?: string | undefined
  report: (line: string) => void
}

export interface PowerCutOutcome {
  cuts: number
  /** Total number of writes not yet flushed at the cuts. */
  unflushed: number
  acknowledged: number
  lost: string[]
  violations: string[]
}

/**
 * Runs a sphere under load on one recording disk. Then, for several moments, it builds the disk as a power failure
 * leaves it: all flushed writes, and any part of the others. A sphere started on each of these disks must have all data
 * acknowledged before that moment.
 */
export async function runPowerCuts(options: PowerCutOptions): Promise<PowerCutOutcome> {
  const outcome = { cuts: 0, unflushed: 0, acknowledged: 0, lost: [], violations: [] }
  const random = new SeededRandom(`power ${options.seed}`)
  for (let session = 0; outcome.cuts < options.cuts; session += 1) {
    const count = Math.min(CUTS_IN_SESSION, options.cuts - outcome.cuts)
    await runSession(random.fork(String(session)), count, options, outcome)
  }
  return outcome
}

async function runSession(
  random: SeededRandom,
  count: number,
  { port, keep, report }: PowerCutOptions,
  outcome: PowerCutOutcome,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'power-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.prependOnceListener('exit', removeFolder)
  try {
    const { steps, begin, world, figures } = await recordLoad(folder, random, port)
    outcome.acknowledged += figures.total('acknowledged')
    outcome.violations.push(...figures.violations, ...figures.failed())
    report(`${figures.summary()}; ${steps.length} writes and flushes`)
    for (let cut = 0; cut < count; cut += 1) {
      const stepCount = pickMoment(steps, begin, random)
      await checkCut(
        join(folder, `cut-${cut}`),
        { steps, stepCount, world, random, port, keep, report },
        outcome,
      )
    }
  } finally {
    process.off('exit', removeFolder)
    removeFolder()
  }
}

/** Runs load on a sphere whose data is on a recording disk. */
async function recordLoad(folder: string, random: SeededRandom, port: number) {
  const world = new World()
  const figures = new Figures()
  await using disk = await RecordingDisk.open(folder, DISK_BYTES)
  using volume = new Volume(disk.image, join(folder, 'volume'), { isNew: true })
  const onFault = (fault: string) => figures.violations.push(fault)
  await using sphere = await ChaosSphere.open({ port, dataRoot: volume.path, onFault })
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
  const begin = disk.steps().length
  const end = new AbortController()
  setMaxListeners(0, end.signal)
  const working = runDevices(devices, end.signal)
  await until(
    'enough operations are acknowledged',
    () => figures.total('acknowledged') >= SESSION_OPERATIONS,
    120_000,
  )
  const steps = disk.steps()
  end.abort()
  await working
  await sphere.killAll()
  return { steps, begin, world, figures }
}

/** Picks a moment, preferably one with many writes not yet flushed. */
function pickMoment(steps: Step[], begin: number, random: SeededRandom): number {
  const moments = Array.from({ length: 4 }, () => begin + 1 + random.below(steps.length - begin))
  return moments.sort((a, b) => unflushedAt(steps, b) - unflushedAt(steps, a))[random.below(2)] as number
}

function unflushedAt(steps: Step[], stepCount: number): number {
  return stepCount - 1 - steps.slice(0, stepCount).findLastIndex(({ data }) => data === undefined)
}

interface Cut {
  steps: Step[]
  /** The number of writes and flushes before the power failure. */
  stepCount: number
  world: World
  random: SeededRandom
  port: number
  keep: string | undefined
  report: (line: string) => void
}

async function checkCut(folder: string, cut: Cut, outcome: PowerCutOutcome): Promise<void> {
  const { steps, stepCount, world, random, port, keep, report } = cut
  const time = steps[stepCount - 1]?.at ?? 0
  const unflushed = unflushedAt(steps, stepCount)
  const image = `${folder}.image`
  await writeFile(image, imageAfter(steps, stepCount, DISK_BYTES, random))
  const faults: string[] = []
  {
    using volume = new Volume(image, folder, { isNew: false })
    await using sphere = await ChaosSphere.open({
      port,
      dataRoot: volume.path,
      onFault: (fault) => faults.push(fault),
    })
    await sphere.waitQuiet('the sphere has converged after the power failure')
    const everything = { from: 0, until: Number.POSITIVE_INFINITY }
    const { lost, wrong } = await checkWorld(sphere, worldAsOf(world, time), [everything])
    faults.push(...lost, ...wrong, ...(await sphere.faultsOnDisk()), ...losses(sphere))
    outcome.lost.push(...lost)
  }
  if (keep !== undefined && faults.length > 0) await cp(image, keep)
  await rm(image)
  outcome.cuts += 1
  outcome.unflushed += unflushed
  outcome.violations.push(...faults.map((fault) => `cut ${outcome.cuts} at ${stepCount}: ${fault}`))
  report(`cut ${outcome.cuts}, at ${stepCount} with ${unflushed} not flushed: ${faults.length} violations`)
  for (const fault of faults) report(fault)
}

/** Lists servers that detected the loss of durable data. The sphere can recover from it, but it must not inject. */
function losses(sphere: ChaosSphere): string[] {
  return [...sphere.servers.keys()]
    .filter((name) => DETECTED_LOSS.test(readLog(sphere.logOf(name))))
    .map((name) => `${name} detected the loss of durable data`)
}

function readLog(path: string): string {
  return readFileSync(path, { encoding: 'utf8', flag: 'a+' })
}
