import { setTimeout as sleep } from 'node:timers/promises'
import type { Figures } from './figures.js'
import type { Lock } from './lock.js'
import type { Fault, FaultKind, Lane } from './plan.js'
import type { ChaosSphere } from './sphere.js'

export interface FaultsOptions {
  sphere: ChaosSphere
  figures: Figures
  /** Held by everything that happens; who has it alone has silence. */
  gate: Lock
  say: (line: string) => void
}

type Effect = (fault: Fault, options: FaultsOptions) => Promise<void>

/** Lets the faults of a lane happen, one after the other, until it is told to end. */
export async function runLane(lane: Lane, options: FaultsOptions, signal: AbortSignal): Promise<void> {
  const { figures, gate, say } = options
  while (!signal.aborted) {
    const fault = lane.next()
    await sleep(fault.restMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const happen = async () => {
      if (signal.aborted) return
      say(`${fault.kind}: ${fault.target}, ${(fault.lastsMs / 1000).toFixed(1)} s`)
      await EFFECTS[fault.kind](fault, options)
      figures.fault(fault.kind)
    }
    // This one asks for silence by itself.
    await (fault.kind === 'old backup put back' ? happen() : gate.shared(happen))
  }
}

const EFFECTS: Record<FaultKind, Effect> = {
  'link cut': onLink((link) => link.cut()),
  'link delayed one way': onLink((link, { direction, measure }) =>
    link.delay(direction, 20 + 1500 * measure),
  ),
  'link throttled one way': onLink((link, { direction, measure }) =>
    link.throttle(direction, 4000 + 200_000 * measure ** 3),
  ),
  'link frozen one way, then lost': onLink((link, { direction }) => link.freeze(direction)),
  'link frozen one way, then late': onLink((link, { direction }) => link.freeze(direction), 'late'),
  'link frozen both ways': onLink((link) => link.freeze()),
  'link truncated one way': onLink((link, { direction, measure }) =>
    link.truncateAfter(direction, Math.floor(measure * 200_000)),
  ),
  'link cut after some bytes one way': onLink((link, { direction, measure }) =>
    link.cutAfter(direction, Math.floor(measure * 100_000), 3000, 30_000),
  ),
  'link altered one way': onLink((link, { direction, measure }) =>
    link.flipAfter(direction, Math.floor(measure * 100_000)),
  ),
  SIGKILL: onServer(async (name, lastsMs, { sphere }) => {
    await sphere.server(name).kill()
    await sleep(lastsMs)
    await sphere.server(name).start()
  }),
  SIGSTOP: onServer(async (name, lastsMs, { sphere }) => {
    sphere.server(name).pause()
    await sleep(lastsMs)
    sphere.server(name).resume()
  }),
  restart: onServer(async (name, lastsMs, { sphere }) => {
    await sphere.server(name).stop()
    await sleep(lastsMs / 4)
    await sphere.server(name).start()
  }),
  'disk full': async ({ target, lastsMs, measure }, { sphere }) => {
    const disk = sphere.disks.get(target)
    await sphere.lock(target).exclusive(async () => {
      disk?.fill(Math.floor(measure * 400_000))
      await sleep(lastsMs)
      disk?.restore()
    })
  },
  'old backup put back': putBack,
  'grand wiped': onServer(async (name, _lastsMs, { sphere }) => {
    await sphere.server(name).kill()
    await sphere.wipe(name)
    await sphere.server(name).start()
  }),
}

function onLink(
  begin: (link: ReturnType<ChaosSphere['link']>, fault: Fault) => void,
  ends: 'lost' | 'late' = 'lost',
): Effect {
  return async (fault, { sphere }) => {
    const link = sphere.link(fault.target)
    begin(link, fault)
    await sleep(fault.lastsMs)
    if (ends === 'late') link.thaw()
    else link.restore()
  }
}

function onServer(happen: (name: string, lastsMs: number, options: FaultsOptions) => Promise<void>): Effect {
  return ({ target, lastsMs }, options) =>
    options.sphere.lock(target).exclusive(() => happen(target, lastsMs, options))
}

/**
 * What a server acknowledged after the backup, and nobody else has, is lawfully lost with its disk. So everything is
 * brought in step first, in silence: then three others have all that this one loses, and even a grand that is wiped
 * before it is back here takes nothing away.
 */
async function putBack(
  { target, lastsMs, measure }: Fault,
  { sphere, gate, say }: FaultsOptions,
): Promise<void> {
  const backups = await sphere.lock(target).exclusive(() => sphere.backUp(target))
  const backup = backups[Math.floor(measure * backups.length)] as string
  await sleep(lastsMs)
  await gate.exclusive(async () => {
    await sphere.quiet('all is in step before a backup is put back')
    await sphere.server(target).kill()
    await sphere.putBack(target, backup)
    await sphere.server(target).start()
  })
  say(`the backup of ${target} is put back`)
}
