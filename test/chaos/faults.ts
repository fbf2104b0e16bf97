import { setTimeout as sleep } from 'node:timers/promises'
import type { Figures } from './figures.js'
import type { Lock } from './lock.js'
import type { Fault, FaultKind, Lane } from './plan.js'
import type { ChaosSphere } from './sphere.js'

export interface FaultDeps {
  sphere: ChaosSphere
  figures: Figures
  /** Held shared by every operation; held exclusively it gives a quiet sphere. */
  activityLock: Lock
  report: (line: string) => void
}

type Effect = (fault: Fault, options: FaultDeps) => Promise<void>

/** Injects the faults of a lane one after the other until the signal. */
export async function runLane(lane: Lane, options: FaultDeps, signal: AbortSignal): Promise<void> {
  const { figures, activityLock, report } = options
  while (!signal.aborted) {
    const fault = lane.next()
    await sleep(fault.restMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const inject = async () => {
      if (signal.aborted) return
      report(`${fault.kind}: ${fault.target}, ${(fault.lastsMs / 1000).toFixed(1)} s`)
      await EFFECTS[fault.kind](fault, options)
      figures.fault(fault.kind)
    }
    // This fault takes the lock exclusively itself.
    await (fault.kind === 'old backup restored' ? inject() : activityLock.shared(inject))
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
  'old backup restored': restoreOldBackup,
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

function onServer(inject: (name: string, lastsMs: number, options: FaultDeps) => Promise<void>): Effect {
  return ({ target, lastsMs }, options) =>
    options.sphere.lock(target).exclusive(() => inject(target, lastsMs, options))
}

/**
 * A change that a server acknowledged after its backup, and that no other server has, may be lost with its disk. So the
 * sphere converges first, without load: the three other servers then have everything, even if the grand is wiped
 * meanwhile.
 */
async function restoreOldBackup(
  { target, lastsMs, measure }: Fault,
  { sphere, activityLock, report }: FaultDeps,
): Promise<void> {
  const backups = await sphere.lock(target).exclusive(() => sphere.backUp(target))
  const backup = backups[Math.floor(measure * backups.length)] as string
  await sleep(lastsMs)
  await activityLock.exclusive(async () => {
    await sphere.waitQuiet('the sphere has converged before a backup is restored')
    await sphere.server(target).kill()
    await sphere.restoreBackup(target, backup)
    await sphere.server(target).start()
  })
  report(`restored the backup of ${target}`)
}
