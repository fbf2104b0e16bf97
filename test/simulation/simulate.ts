import { acquireBuffer, LARGE_BYTES, releaseBuffer } from '../../src/blobs/transfer-buffers.js'
import { faultsOf, pendingWork, type Sphere } from './checks.js'
import { injectFault, PLENTY_BYTES, regionalOf, type Stage, serverNamed } from './faults.js'
import { KnownNames } from './known-names.js'
import { Ledger } from './ledger.js'
import { Network } from './network.js'
import { describeItem, type Item, isFault, type Plan, type UserAction } from './plan.js'
import { SimulatedGrand, SimulatedRegional, type Surroundings } from './servers.js'
import { performUserAction } from './user-actions.js'
import { World } from './world.js'

/** Virtual time in which the sphere has to become idle after the heal. */
const IDLE_TIMEOUT_MS = 240_000
const POLL_MS = 500

/** Looking at every server after each item would take most of the time. */
const ITEMS_BETWEEN_PAUSES = 5

export interface Outcome {
  /** sha256 of all events, in order. */
  trace: string
  /** Violated properties; empty if the run passed. */
  faults: string[]
  acknowledged: number
  lost: number
  /** Virtual duration. */
  virtualMs: number
}

export interface SimulateOptions {
  /** Called for every event. */
  print?: ((line: string) => void) | undefined
  /** Injects a defect into a server before it starts. */
  sabotage?: ((server: SimulatedRegional | SimulatedGrand) => void) | undefined
}

/** Runs a plan, heals all faults, waits until the sphere is idle, and checks its properties. */
export async function simulate(plan: Plan, { print, sabotage }: SimulateOptions = {}): Promise<Outcome> {
  const largeBuffers = takeLargeBuffers()
  const world = new World(plan.seed, print)
  const faults: string[] = []
  const surroundings: Surroundings = {
    world,
    network: new Network(world),
    onLog: (level, server, message, details) => {
      if (message === RESTAMPED) {
        const { renewed } = details as { renewed: Map<string, string> }
        sphere.ledger.recordRestamped(serverNamed(sphere, server) as SimulatedRegional, renewed)
      }
      const fault = faultReported(level, message, details)
      if (fault !== undefined) faults.push(`${server}: ${fault}`)
    },
  }
  const onFault = (fault: string) => void faults.push(fault)
  const sphere = openSphere(plan, surroundings, sabotage)
  const stage: Stage = { ...surroundings, sphere }
  try {
    const names = new KnownNames(sphere.regionals)
    await play(stage, plan.items, onFault, names)
    if (faults.length === 0) {
      const pendingWork = await heal(stage)
      if (pendingWork === undefined) faults.push(...(await faultsOf(sphere)), ...names.faults())
      else faults.push(`not idle after ${IDLE_TIMEOUT_MS / 1000} s: ${pendingWork}`)
    }
  } finally {
    for (const server of [sphere.grand, ...sphere.regionals]) server.close()
    for (const buffer of largeBuffers) releaseBuffer(buffer)
  }
  for (const fault of faults) world.trace(`FAULT ${fault}`)
  return { trace: world.traceHash(), faults, virtualMs: world.now, ...sphere.ledger.counts }
}

/**
 * Takes all large transfer buffers of this process out of the pool. The simulated servers would share them, and crashed
 * servers never return theirs, so a trace would depend on earlier runs. With small buffers alone a trace depends on its
 * seed only, and large files take several reads.
 */
export function takeLargeBuffers(): Buffer[] {
  const taken: Buffer[] = []
  for (let buffer = acquireBuffer(); buffer.length === LARGE_BYTES; buffer = acquireBuffer())
    taken.push(buffer)
  return taken
}

const RESTAMPED = 'the new stamps'

/** Returns an error that a correct server must not log. */
function faultReported(level: string, message: string, details: object): string | undefined {
  const { code, err, reason } = details as { code?: string; err?: Error; reason?: string }
  if (message === 'refused' && code !== 'future-stamp') return `refused a correct regional: ${code} ${reason}`
  if (level !== 'error' || code === 'future-stamp' || message === 'no changes are accepted') return undefined
  return `${message}: ${reason ?? err?.stack ?? code}`
}

function openSphere(
  { regionals: names }: Plan,
  surroundings: Surroundings,
  sabotage: SimulateOptions['sabotage'],
): Sphere {
  const grand = new SimulatedGrand(surroundings)
  const regionals = names.map((name) => new SimulatedRegional(name, surroundings))
  const ledger = new Ledger(regionals, grand)
  for (const regional of regionals) regional.onOutbox = () => ledger.recordOutbox(regional)
  for (const server of [grand, ...regionals]) {
    sabotage?.(server)
    server.start()
  }
  return { grand, regionals, ledger }
}

/** Runs the items of a plan, each at its time. */
async function play(
  stage: Stage,
  items: Item[],
  onFault: (fault: string) => void,
  names: KnownNames,
): Promise<void> {
  const { world } = stage
  for (const [index, item] of items.entries()) {
    if (item.kind === 'skipDay') names.forget()
    else if (index % ITEMS_BETWEEN_PAUSES === 0) names.note()
    let isDue = false
    world.after(item.gapMs, () => {
      isDue = true
    })
    await world.run(() => isDue, Number.POSITIVE_INFINITY)
    world.trace(describeItem(item))
    try {
      if (isFault(item)) injectFault(stage, item, onFault)
      else startUserAction(stage, item as Item & { kind: UserAction }, onFault)
    } catch (error) {
      onFault(`${item.kind}: ${(error as Error).stack}`)
    }
  }
}

/** Starts a user action without waiting for its end. */
function startUserAction(
  stage: Stage,
  item: Item & { kind: UserAction },
  onFault: (fault: string) => void,
): void {
  const regional = regionalOf(stage, item)
  if (!regional.isRunning) return
  performUserAction(regional, item).then(
    (outcome) => stage.world.trace(`${item.kind} on ${regional.name}: ${outcome}`),
    (error: Error) => onFault(`${item.kind} on ${regional.name}: ${error.stack}`),
  )
}

/** Heals all faults and restarts all servers. @returns the work still pending after the timeout, if any */
async function heal({ world, network, sphere }: Stage): Promise<string | undefined> {
  network.heal()
  const end = world.now + IDLE_TIMEOUT_MS
  let unrest: string | undefined = 'not checked'
  let idlePolls = 0
  const poll = () => {
    for (const server of [sphere.grand, ...sphere.regionals]) {
      server.durable.files.free = PLENTY_BYTES
      server.start()
    }
    unrest = pendingWork(sphere)
    // Two idle polls in a row: a message may still be in transit during the first.
    idlePolls = unrest === undefined ? idlePolls + 1 : 0
    if (idlePolls < 2) world.after(POLL_MS, poll)
  }
  poll()
  await world.run(() => idlePolls === 2, end)
  return unrest
}
