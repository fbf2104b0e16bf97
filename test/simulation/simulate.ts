import { acquireBuffer, LARGE_BYTES, releaseBuffer } from '../../src/blobs/transfer-buffers.js'
import { faultsOf, type Sphere, unfinishedWork } from './checks.js'
import { doFault, PLENTY_BYTES, regionalOf, type Stage, serverNamed } from './faults.js'
import { Ledger } from './ledger.js'
import { Network } from './network.js'
import { describeItem, type Item, isFault, type Plan, type UserAction } from './plan.js'
import { SimulatedGrand, SimulatedRegional, type Surroundings } from './servers.js'
import { doUserAction } from './user-actions.js'
import { World } from './world.js'

/** Virtual time in which everything has to come to rest once all is healed. */
const REST_MS = 240_000
/** How often it is looked whether it has. */
const POLL_MS = 500

export interface Outcome {
  /** sha256 of everything that happened, in order. */
  trace: string
  /** What did not hold; nothing is wrong when it is empty. */
  faults: string[]
  acknowledged: number
  lost: number
  /** Virtual time that passed, milliseconds. */
  virtualMs: number
}

export interface SimulateOptions {
  /** Told of every event. */
  print?: ((line: string) => void) | undefined
  /** Breaks a server on purpose, before it starts. */
  sabotage?: ((server: SimulatedRegional | SimulatedGrand) => void) | undefined
}

/** Runs a plan from its beginning until everything has healed, and checks what has to hold then. */
export async function simulate(plan: Plan, { print, sabotage }: SimulateOptions = {}): Promise<Outcome> {
  const large = takeLargeBuffers()
  const world = new World(plan.seed, print)
  const faults: string[] = []
  const surroundings: Surroundings = {
    world,
    network: new Network(world),
    onLog: (level, server, message, details) => {
      if (message === RESTAMPED) {
        const { renewed } = details as { renewed: Map<string, string> }
        sphere.ledger.restamped(serverNamed(sphere, server) as SimulatedRegional, renewed)
      }
      const fault = faultReported(level, message, details)
      if (fault !== undefined) faults.push(`${server}: ${fault}`)
    },
  }
  const onFault = (fault: string) => void faults.push(fault)
  const sphere = openSphere(plan, surroundings, sabotage)
  const stage: Stage = { ...surroundings, sphere }
  try {
    await play(stage, plan.items, onFault)
    if (faults.length === 0) {
      const unrest = await heal(stage)
      if (unrest === undefined) faults.push(...(await faultsOf(sphere)))
      else faults.push(`no rest after ${REST_MS / 1000} s: ${unrest}`)
    }
  } finally {
    for (const server of [sphere.grand, ...sphere.regionals]) server.close()
    for (const buffer of large) releaseBuffer(buffer)
  }
  for (const fault of faults) world.trace(`FAULT ${fault}`)
  return { trace: world.traceHash(), faults, virtualMs: world.now, ...sphere.ledger.counts }
}

/**
 * Keeps the large buffers of this process away from a run. All its servers would share them, and one that dies gives none
 * back: how many are left would depend on what ran before. With small ones alone the same seed goes the same way, and
 * larger files are moved in several pieces.
 */
export function takeLargeBuffers(): Buffer[] {
  const taken: Buffer[] = []
  for (let buffer = acquireBuffer(); buffer.length === LARGE_BYTES; buffer = acquireBuffer())
    taken.push(buffer)
  return taken
}

const RESTAMPED = 'the new stamps'

/** What an honest server never has to say. */
function faultReported(level: string, message: string, details: object): string | undefined {
  const { code, err, reason } = details as { code?: string; err?: Error; reason?: string }
  if (message === 'refused' && code !== 'future-stamp') return `refused an honest regional: ${code} ${reason}`
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
  for (const regional of regionals) regional.onOutbox = () => ledger.note(regional)
  for (const server of [grand, ...regionals]) {
    sabotage?.(server)
    server.start()
  }
  return { grand, regionals, ledger }
}

/** Makes happen what a plan says, one item after the other. */
async function play(stage: Stage, items: Item[], onFault: (fault: string) => void): Promise<void> {
  const { world } = stage
  for (const item of items) {
    let isDue = false
    world.after(item.gapMs, () => {
      isDue = true
    })
    await world.run(() => isDue, Number.POSITIVE_INFINITY)
    world.trace(describeItem(item))
    try {
      if (isFault(item)) doFault(stage, item, onFault)
      else startUserAction(stage, item as Item & { what: UserAction }, onFault)
    } catch (error) {
      onFault(`${item.what}: ${(error as Error).stack}`)
    }
  }
}

/** Nobody waits for it: others go on meanwhile. */
function startUserAction(
  stage: Stage,
  item: Item & { what: UserAction },
  onFault: (fault: string) => void,
): void {
  const regional = regionalOf(stage, item)
  if (!regional.isUp) return
  doUserAction(regional, item).then(
    (outcome) => stage.world.trace(`${item.what} on ${regional.name}: ${outcome}`),
    (error: Error) => onFault(`${item.what} on ${regional.name}: ${error.stack}`),
  )
}

/** Everything works again from now on. @returns what is still going on when it should all be done, if anything */
async function heal({ world, network, sphere }: Stage): Promise<string | undefined> {
  network.heal()
  const end = world.now + REST_MS
  let unrest: string | undefined = 'not looked at'
  let quietLooks = 0
  const look = () => {
    for (const server of [sphere.grand, ...sphere.regionals]) {
      server.keeping.files.free = PLENTY_BYTES
      server.start()
    }
    unrest = unfinishedWork(sphere)
    // Once more: the last news may still be on its way.
    quietLooks = unrest === undefined ? quietLooks + 1 : 0
    if (quietLooks < 2) world.after(POLL_MS, look)
  }
  look()
  await world.run(() => quietLooks === 2, end)
  return unrest
}
