import type { Sphere } from './checks.js'
import type { Fault, Item } from './plan.js'
import type { SimulatedGrand, SimulatedRegional, Surroundings } from './servers.js'

const DAY_MS = 24 * 3600 * 1000
export const PLENTY_BYTES = 2 ** 40

export interface Stage extends Surroundings {
  sphere: Sphere
}

export function serverNamed({ grand, regionals }: Sphere, name: string): SimulatedRegional | SimulatedGrand {
  return regionals.find((regional) => regional.name === name) ?? grand
}

/** The target regional of an item; an item that names the grand picks one by its number. */
export function regionalOf({ sphere: { regionals } }: Stage, item: Item): SimulatedRegional {
  const named = regionals.find(({ name }) => name === item.server)
  return named ?? (regionals[item.a % regionals.length] as SimulatedRegional)
}

export function injectFault(
  stage: Stage,
  item: Item & { kind: Fault },
  onFault: (fault: string) => void,
): void {
  const work = FAULTS[item.kind](stage, item)
  work?.catch((error: Error) => onFault(`${item.kind} of ${item.server}: ${error.stack}`))
}

type InjectFault = (stage: Stage, item: Item) => Promise<void> | undefined

const FAULTS: Record<Fault, InjectFault> = {
  cut(stage, item) {
    stage.network.cut(regionalOf(stage, item).name, item.breakKind)
    return undefined
  },
  partition(stage, item) {
    stage.network.partition(regionalOf(stage, item).name, item.ms)
    return undefined
  },
  slow(stage, item) {
    stage.network.slow(regionalOf(stage, item).name, item.b % 2 === 0 ? 0 : item.ms / 10)
    return undefined
  },
  crash: (stage, item) => takeDown(stage, item, (server) => server.crash(item.b % 2 === 0)),
  async restart(stage, item) {
    const server = serverNamed(stage.sphere, item.server)
    await server.stop()
    startLater(stage, server, item.ms)
  },
  backup({ sphere }, { server }) {
    serverNamed(sphere, server).backUp()
    return undefined
  },
  restore: (stage, item) =>
    takeDown(stage, item, (server) => {
      if (!server.hasBackup) return
      server.crash(false)
      server.restore()
      stage.sphere.ledger.recordDiskLoss(server.name)
    }),
  wipe: (stage, item) =>
    takeDown(stage, item, (server) => {
      server.crash(false)
      server.wipe()
      stage.sphere.ledger.recordDiskLoss(server.name)
    }),
  skew({ sphere }, { server, ms }) {
    serverNamed(sphere, server).skewMs = ms
    return undefined
  },
  async collectGarbage({ sphere }, { server }) {
    await serverNamed(sphere, server).collectGarbage()
  },
  skipDay({ world }) {
    world.skipWallClock(DAY_MS)
    return undefined
  },
  fillDisk({ world, sphere }, { server, ms }) {
    const { files } = serverNamed(sphere, server).durable
    files.free = 0
    world.after(ms, () => {
      files.free = PLENTY_BYTES
    })
    return undefined
  },
}

function takeDown(
  stage: Stage,
  { server: name, ms }: Item,
  stopServer: (server: SimulatedRegional | SimulatedGrand) => void,
): undefined {
  const server = serverNamed(stage.sphere, name)
  stopServer(server)
  startLater(stage, server, ms)
}

function startLater({ world }: Stage, server: SimulatedRegional | SimulatedGrand, ms: number): void {
  world.after(ms, () => server.start())
}
