import { SeededRandom } from '../support/random.js'
import { BREAKS, type Break } from './network.js'

/** What people do. Whom and what it is about, an operation picks among what its server knows by then. */
const USER_ACTIONS = {
  register: 6,
  upload: 26,
  rename: 16,
  move: 5,
  share: 6,
  delete: 8,
  ask: 9,
  response: 9,
  unfriend: 3,
  login: 6,
  logout: 4,
  password: 2,
  email: 3,
  quota: 2,
  disable: 2,
  enable: 2,
  reset: 1,
  expel: 0.5,
  token: 3,
  revoke: 2,
  leave: 1,
} as const
export type UserAction = keyof typeof USER_ACTIONS

/** What goes wrong. */
const FAULTS = {
  cut: 8,
  part: 4,
  slow: 3,
  crash: 4,
  restart: 2,
  backup: 4,
  restore: 2,
  wipe: 1,
  skew: 2,
  clean: 2,
  day: 0.5,
  full: 1,
} as const
export type Fault = keyof typeof FAULTS

export function isFault(item: Item): item is Item & { what: Fault } {
  return item.what in FAULTS
}

/** One item of a plan: it stands by itself, so that any of them can be left out. */
export interface Item {
  /** Milliseconds after the item before it. */
  gapMs: number
  what: UserAction | Fault
  server: string
  /** What it picks by: whole numbers, and lengths of time or skews in milliseconds. */
  a: number
  b: number
  ms: number
  how: Break
}

export interface Plan {
  seed: string
  regionals: string[]
  items: Item[]
}

/** How far clocks go wrong, milliseconds: within what is put up with, and far beyond it. */
const SKEWS = [0, 20_000, -20_000, 45_000, -45_000, 90_000, -90_000, 2 * 3600_000, -2 * 3600_000]

const NAMES = ['eu', 'us', 'ap', 'sa']

/** A plan that follows from a seed alone. Each seed has only some kinds of faults, so that the others stand out. */
export function planOf(seed: number, operations: number): Plan {
  const random = new SeededRandom(`plan ${seed}`)
  const regionals = NAMES.slice(0, random.weighted({ 2: 3, 3: 5, 4: 1 }) as unknown as number)
  const kinds = Object.entries(FAULTS).filter(() => random.happens(0.55))
  const faults = Object.fromEntries(kinds) as Partial<Record<Fault, number>>
  const share = kinds.length === 0 ? 0 : random.pick([0.02, 0.05, 0.1, 0.25])
  const items = Array.from({ length: operations }, (): Item => {
    const isFault = random.happens(share)
    const what: UserAction | Fault = isFault
      ? random.weighted(faults)
      : random.weighted<UserAction>(USER_ACTIONS)
    const ofGrand = isFault && random.happens(0.3)
    return {
      gapMs: gapOf(random),
      what,
      server: ofGrand ? 'grand' : random.pick(regionals),
      a: random.below(1 << 20),
      b: random.below(1 << 20),
      ms: what === 'skew' ? random.pick(SKEWS) : lengthOf(random),
      how: random.pick(BREAKS),
    }
  })
  return { seed: `${seed}`, regionals, items }
}

function lengthOf(random: SeededRandom): number {
  return random.happens(0.8) ? random.between(0, 3000) : random.between(0, 20_000)
}

/** Bursts, work, and pauses. */
function gapOf(random: SeededRandom): number {
  const kind = random.fraction()
  if (kind < 0.35) return 0
  if (kind < 0.9) return random.between(0, 150)
  return random.between(0, 1500)
}

export function describeItem({ gapMs, what, server, a, b, ms, how }: Item): string {
  return `+${gapMs.toFixed(0)} ms ${server} ${what} ${a} ${b} ${ms.toFixed(0)} ms ${how}`
}
