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
import { settle, work } from '../chaos/people.js'
import { ChaosSphere } from '../chaos/sphere.js'
import { SeededRandom } from '../support/random.js'
import { until } from '../support/until.js'
import { RecordingDisk, Volume } from './disks.js'
import { imageAfter, type Step } from './record.js'

const DISK_BYTES = 192 * 1024 ** 2
const USERS = 6
const THINK_MS = [5, 150] as const

/** Acknowledged in one session, about; it is cut at several moments. */
const SESSION_OPERATIONS = 250
const CUTS_IN_SESSION = 10

/** What a server says when it has lost something that it had told another one is durable. */
const LOSS = /grand-lost-log|we-lost-changes/

export interface PowerCutOptions {
  cuts: number
  seed: number
  /** The first of ten ports that are free. */
  port: number
  /** A file for the disk of a cut that something is wrong with, as the failing power left it. */
  keep?: string | undefined
  say: (line: string) => void
}

export interface PowerCutOutcome {
  cuts: number
  /** Writes that the disk had been told and that were not flushed when the power failed, in all. */
  unflushed: number
  acknowledged: number
  lost: string[]
  violations: string[]
}

/**
 * A whole sphere on one disk under load; the disk takes down what it is told. Then, for moments of it, the disk as the
 * power failing there leaves it: everything that was flushed, and any part of the rest. Each is mounted and started, and
 * must hold all that was acknowledged before that moment.
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
  { port, keep, say }: PowerCutOptions,
  outcome: PowerCutOutcome,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'power-'))
  const vanish = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.prependOnceListener('exit', vanish)
  try {
    const { steps, begin, world, figures } = await load(folder, random, port)
    outcome.acknowledged += figures.total('acknowledged')
    outcome.violations.push(...figures.violations, ...figures.failed())
    say(`${figures.summary()}; ${steps.length} writes and flushes`)
    for (let cut = 0; cut < count; cut += 1) {
      const place = placeIn(steps, begin, random)
      await checkCut(join(folder, `cut-${cut}`), { steps, place, world, random, port, keep, say }, outcome)
    }
  } finally {
    process.off('exit', vanish)
    vanish()
  }
}

/** Lets people work on a sphere whose data is on a recording disk. */
async function load(folder: string, random: SeededRandom, port: number) {
  const world = new World()
  const figures = new Figures()
  await using disk = await RecordingDisk.open(folder, DISK_BYTES)
  using volume = new Volume(disk.image, join(folder, 'volume'), { isNew: true })
  const onFault = (fault: string) => figures.violations.push(fault)
  await using sphere = await ChaosSphere.open({ port, dataRoot: volume.path, onFault })
  const gate = new Lock()
  const devices = await settle({ sphere, world, random, figures, gate, count: USERS, thinkMs: THINK_MS })
  const begin = disk.steps().length
  const end = new AbortController()
  setMaxListeners(0, end.signal)
  const working = work(devices, end.signal)
  await until('enough is done', () => figures.total('acknowledged') >= SESSION_OPERATIONS, 120_000)
  const steps = disk.steps()
  end.abort()
  await working
  await sphere.killAll()
  return { steps, begin, world, figures }
}

/** Any moment; rather one at which much is not flushed. */
function placeIn(steps: Step[], begin: number, random: SeededRandom): number {
  const places = Array.from({ length: 4 }, () => begin + 1 + random.below(steps.length - begin))
  return places.sort((a, b) => unflushedAt(steps, b) - unflushedAt(steps, a))[random.below(2)] as number
}

function unflushedAt(steps: Step[], place: number): number {
  return place - 1 - steps.slice(0, place).findLastIndex(({ data }) => data === undefined)
}

interface Cut {
  steps: Step[]
  /** So many of them came before the power failed. */
  place: number
  world: World
  random: SeededRandom
  port: number
  keep: string | undefined
  say: (line: string) => void
}

async function checkCut(folder: string, cut: Cut, outcome: PowerCutOutcome): Promise<void> {
  const { steps, place, world, random, port, keep, say } = cut
  const time = steps[place - 1]?.at ?? 0
  const unflushed = unflushedAt(steps, place)
  const image = `${folder}.image`
  await writeFile(image, imageAfter(steps, place, DISK_BYTES, random))
  const faults: string[] = []
  {
    using volume = new Volume(image, folder, { isNew: false })
    await using sphere = await ChaosSphere.open({
      port,
      dataRoot: volume.path,
      onFault: (fault) => faults.push(fault),
    })
    await sphere.quiet('all is in step after the power came back')
    const everything = { from: 0, until: Number.POSITIVE_INFINITY }
    const { lost, wrong } = await checkWorld(sphere, worldAsOf(world, time), [everything])
    faults.push(...lost, ...wrong, ...(await sphere.faultsOnDisk()), ...losses(sphere))
    outcome.lost.push(...lost)
  }
  if (keep !== undefined && faults.length > 0) await cp(image, keep)
  await rm(image)
  outcome.cuts += 1
  outcome.unflushed += unflushed
  outcome.violations.push(...faults.map((fault) => `cut ${outcome.cuts} at ${place}: ${fault}`))
  say(`cut ${outcome.cuts}, at ${place} with ${unflushed} not flushed: ${faults.length} violations`)
  for (const fault of faults) say(fault)
}

/** What one server was told is durable another one has lost: it can come back, and yet it must not happen. */
function losses(sphere: ChaosSphere): string[] {
  return [...sphere.servers.keys()]
    .filter((name) => LOSS.test(readLog(sphere.logOf(name))))
    .map((name) => `${name} found that something durable was lost`)
}

function readLog(path: string): string {
  return readFileSync(path, { encoding: 'utf8', flag: 'a+' })
}
