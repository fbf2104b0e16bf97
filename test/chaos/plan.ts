import type { Direction } from '../support/link-proxy.js'
import type { SeededRandom } from '../support/random.js'
import { REGIONALS } from './sphere.js'

/** One fault: its target, the pause before it, its duration and its severity. */
export interface Fault {
  kind: FaultKind
  target: string
  restMs: number
  lastsMs: number
  direction: Direction
  /** Severity from 0 to 1; its meaning depends on the kind. */
  measure: number
}

export const LINK_FAULTS = [
  'link cut',
  'link delayed one way',
  'link throttled one way',
  'link frozen one way, then lost',
  'link frozen one way, then late',
  'link frozen both ways',
  'link truncated one way',
  'link cut after some bytes one way',
  'link altered one way',
] as const
export const PROCESS_FAULTS = ['SIGKILL', 'SIGSTOP', 'restart'] as const
const STORAGE_FAULTS = ['disk full', 'old backup restored', 'grand wiped'] as const

export type FaultKind =
  | (typeof LINK_FAULTS)[number]
  | (typeof PROCESS_FAULTS)[number]
  | (typeof STORAGE_FAULTS)[number]

/** A sequence of faults; lanes run concurrently. */
export interface Lane {
  name: string
  next(): Fault
}

/** Derives faults from a seed. Their effects still depend on the timing of real processes. */
export function lanesOf(random: SeededRandom, disks: string[]): Lane[] {
  const links = REGIONALS.map((name) =>
    lane(`link of ${name}`, random, deal(random.fork(name), LINK_FAULTS, [name]), {
      restMs: [500, 6000],
      lastsMs: [300, 7000],
    }),
  )
  const everybody = ['grand', ...REGIONALS]
  const processes = deal(random.fork('processes'), PROCESS_FAULTS, everybody)
  const storage = storageOf(random.fork('storage'), everybody, disks)
  return [
    ...links,
    lane('processes', random, processes, { restMs: [500, 4000], lastsMs: [100, 4000] }),
    lane('storage', random, storage, { restMs: [300, 3000], lastsMs: [1000, 4000] }),
  ]
}

interface Card {
  kind: FaultKind
  target: string
}

interface Pace {
  restMs: [number, number]
  lastsMs: [number, number]
}

/** Deals all cards repeatedly, so that each kind comes up. */
function lane(name: string, random: SeededRandom, cards: Card[], { restMs, lastsMs }: Pace): Lane {
  const own = random.fork(name)
  let at = 0
  return {
    name,
    next() {
      const card = cards[at % cards.length] as Card
      at += 1
      return {
        ...card,
        restMs: own.between(...restMs),
        lastsMs: own.between(...lastsMs),
        direction: own.pick(['to-grand', 'to-regional']),
        measure: own.fraction(),
      }
    },
  }
}

/** The first cards have one of each kind, so that a short run includes them all. */
function storageOf(random: SeededRandom, servers: string[], disks: string[]): Card[] {
  const full = disks.map((target): Card => ({ kind: 'disk full', target }))
  const restores = servers.map((target): Card => ({ kind: 'old backup restored', target }))
  const wiped: Card[] = [{ kind: 'grand wiped', target: 'grand' }]
  const kinds = [full, restores, wiped].map((cards) => shuffled(random, cards))
  const first = kinds.flatMap((cards) => cards.slice(0, 1))
  const others = kinds.flatMap((cards) => cards.slice(1))
  return [...shuffled(random, first), ...shuffled(random, others)]
}

function deal(random: SeededRandom, kinds: readonly FaultKind[], targets: string[]): Card[] {
  return shuffled(
    random,
    kinds.flatMap((kind) => targets.map((target): Card => ({ kind, target }))),
  )
}

function shuffled<T>(random: SeededRandom, given: T[]): T[] {
  return given
    .map((one) => ({ one, at: random.fraction() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)
}
