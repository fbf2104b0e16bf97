import type { Direction } from '../support/link-proxy.js'
import type { SeededRandom } from '../support/random.js'
import { REGIONALS } from './sphere.js'

/** One thing that goes wrong: where, after how long a rest, for how long, and how badly. */
export interface Fault {
  kind: FaultKind
  target: string
  restMs: number
  lastsMs: number
  direction: Direction
  /** How much, from 0 to 1; what it means depends on the kind. */
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
const STORAGE_FAULTS = ['disk full', 'old backup put back', 'grand wiped'] as const

export type FaultKind =
  | (typeof LINK_FAULTS)[number]
  | (typeof PROCESS_FAULTS)[number]
  | (typeof STORAGE_FAULTS)[number]

/** Faults that happen one after the other; lanes go on side by side. */
export interface Lane {
  name: string
  next(): Fault
}

/** What goes wrong follows from the seed alone; when, as far as it depends on real processes, does not. */
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

/** Goes through all cards again and again, so that each kind has its turn. */
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

/** One of each kind comes first, so that a short run meets them all. */
function storageOf(random: SeededRandom, servers: string[], disks: string[]): Card[] {
  const full = disks.map((target): Card => ({ kind: 'disk full', target }))
  const back = servers.map((target): Card => ({ kind: 'old backup put back', target }))
  const wiped: Card[] = [{ kind: 'grand wiped', target: 'grand' }]
  const kinds = [full, back, wiped].map((cards) => shuffled(random, cards))
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
