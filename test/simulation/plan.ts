import { SeededRandom } from '../support/random.js'
import { BREAKS, type Break } from './network.js'

/** User actions by relative frequency. Each picks its objects among those that its server knows. */
const USER_ACTIONS = {
  register: 6,
  upload: 26,
  rename: 16,
  move: 5,
  share: 6,
  delete: 8,
  requestFriend: 9,
  respond: 9,
  unfriend: 3,
  login: 6,
  logout: 4,
  password: 2,
  email: 3,
  quota: 2,
  disable: 2,
  enable: 2,
  operatorPassword: 1,
  operatorDelete: 0.5,
  operatorErase: 0.5,
  reopen: 1,
  token: 3,
  revoke: 2,
  deleteAccount: 1,
  recordUnknown: 2,
} as const
export type UserAction = keyof typeof USER_ACTIONS

/** Faults by relative frequency. */
const FAULTS = {
  cut: 8,
  partition: 4,
  slow: 3,
  crash: 4,
  restart: 2,
  backup: 4,
  restore: 2,
  wipe: 1,
  skew: 2,
  collectGarbage: 2,
  skipDay: 0.5,
  fillDisk: 1,
} as const
export type Fault = keyof typeof FAULTS

export function isFault(item: Item): item is Item & { kind: Fault } {
  return item.kind in FAULTS
}

/** A step of a plan. Items are independent, so that shrinking can drop any of them. */
export interface Item {
  /** Milliseconds after the previous item. */
  gapMs: number
  kind: UserAction | Fault
  server: string
  /** Numbers that pick objects. */
  a: number
  b: number
  ms: number
  breakKind: Break
}

export interface Plan {
  seed: string
  regionals: string[]
  items: Item[]
}

/** Clock offsets in milliseconds, below and above the tolerance. */
const SKEWS = [0, 20_000, -20_000, 45_000, -45_000, 90_000, -90_000, 2 * 3600_000, -2 * 3600_000]

const NAMES = ['eu', 'us', 'ap', 'sa']

/** Derives a plan from a seed. Each seed has only some kinds of faults, so that the others are not masked. */
export function planOf(seed: number, operations: number): Plan {
  const random = new SeededRandom(`plan ${seed}`)
  const regionals = NAMES.slice(0, random.weighted({ 2: 3, 3: 5, 4: 1 }) as unknown as number)
  const kinds = Object.entries(FAULTS).filter(() => random.happens(0.55))
  const faults = Object.fromEntries(kinds) as Partial<Record<Fault, number>>
  const share = kinds.length === 0 ? 0 : random.pick([0.02, 0.05, 0.1, 0.25])
  const items = Array.from({ length: operations }, (): Item => {
    const isFault = random.happens(share)
    const kind: UserAction | Fault = isFault
      ? random.weighted(faults)
      : random.weighted<UserAction>(USER_ACTIONS)
    const ofGrand = isFault && random.happens(0.3)
    return {
      gapMs: gapOf(random),
      kind,
      server: ofGrand ? 'grand' : random.pick(regionals),
      a: random.below(1 << 20),
      b: random.below(1 << 20),
      ms: kind === 'skew' ? random.pick(SKEWS) : lengthOf(random),
      breakKind: random.pick(BREAKS),
    }
  })
  return { seed: `${seed}`, regionals, items }
}

function lengthOf(random: SeededRandom): number {
  return random.happens(0.8) ? random.between(0, 3000) : random.between(0, 20_000)
}

/** Bursts, steady work and pauses. */
function gapOf(random: SeededRandom): number {
  const kind = random.fraction()
  if (kind < 0.35) return 0
  if (kind < 0.9) return random.between(0, 150)
  return random.between(0, 1500)
}

export function describeItem({ gapMs, kind, server, a, b, ms, breakKind }: Item): string {
  return `+${gapMs.toFixed(0)} ms ${server} ${kind} ${a} ${b} ${ms.toFixed(0)} ms ${breakKind}`
}
