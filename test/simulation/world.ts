import { createHash } from 'node:crypto'
import { V7Generator } from 'uuidv7'
import type { Random } from '../../src/lib/random.js'
import type { Timer, Timers } from '../../src/lib/timers.js'
import { SeededRandom } from '../support/random.js'

/** The wall-clock time at which every simulation begins, milliseconds since 1970. */
const EPOCH_MS = Date.UTC(2026, 10, 23, 10)

interface Event {
  at: number
  order: number
  run: () => void
}

/**
 * Virtual time: the world runs the next due event, and then everything that follows from it, without waiting. Two
 * worlds with the same seed run the same events in the same order.
 */
export class World {
  readonly random: SeededRandom
  readonly #hash = createHash('sha256')
  readonly #print: ((line: string) => void) | undefined
  readonly #due = new Heap()
  #now = 0
  #skippedMs = 0
  #order = 0

  /** @param print called for every event */
  constructor(seed: string, print?: (line: string) => void) {
    this.random = new SeededRandom(seed)
    this.#print = print
  }

  /** Milliseconds since the simulation began. */
  get now(): number {
    return this.#now
  }

  /** The correct wall-clock time, milliseconds since 1970. */
  get wallMs(): number {
    return EPOCH_MS + Math.floor(this.#now) + this.#skippedMs
  }

  /** Advances all wall clocks without running timers, as if every machine had been suspended. */
  skipWallClock(ms: number): void {
    this.#skippedMs += ms
  }

  after(ms: number, run: () => void): Timer {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#order, run }
    this.#order += 1
    this.#due.push(event)
    return {
      stop: () => {
        event.run = () => {}
      },
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Adds an event to the trace; bytes enter only its hash. */
  trace(line: string, bytes?: Buffer): void {
    this.#hash.update(`${this.#now} ${line}\n`)
    if (bytes !== undefined) this.#hash.update(bytes)
    this.#print?.(`${this.#now.toFixed(3).padStart(12)} ${line}`)
  }

  /** sha256 of the trace so far. */
  traceHash(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Runs due events until a condition holds or the time is over. @returns whether the condition holds */
  async run(condition: () => boolean, untilMs: number): Promise<boolean> {
    while (!condition()) {
      const event = this.#due.pop()
      if (event === undefined || event.at > untilMs) return false
      this.#now = event.at
      event.run()
      await settled()
    }
    return true
  }
}

/** Waits for one event-loop tick, in which promises and in-memory streams settle. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The timers and the randomness of one life of a server. After its end no timer fires any more. */
export class Life {
  readonly timers: Timers
  readonly random: Random
  readonly seeded: SeededRandom
  readonly #world: World
  #isOver = false

  constructor(world: World, name: string) {
    const seeded = world.random.fork(name)
    const ids = new V7Generator({ nextUint32: () => seeded.uint32() })
    this.#world = world
    this.seeded = seeded
    this.timers = {
      now: () => world.now,
      after: (ms, run) => this.after(ms, run),
      every: (ms, run) => this.#every(ms, run),
      soon: (run) => void this.after(seeded.between(0, 1), run),
    }
    this.random = {
      fraction: () => seeded.fraction(),
      bytes: (count) => Buffer.from(Array.from({ length: count }, () => seeded.below(256))),
      id: () => ids.generateOrResetWithTs(world.wallMs).toString(),
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    this.#isOver = true
  }

  after(ms: number, run: () => void): Timer {
    return this.#world.after(ms, () => {
      if (!this.#isOver) run()
    })
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  #every(ms: number, run: () => void): Timer {
    let next: Timer
    const again = () => {
      next = this.after(ms, () => {
        again()
        run()
      })
    }
    again()
    return { stop: () => next.stop() }
  }
}

/** A binary min-heap of events by time. */
class Heap {
  readonly #events: Event[] = []

  push(event: Event): void {
    const events = this.#events
    let at = events.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, events[above] as Event)) break
      events[at] = events[above] as Event
      at = above
    }
    events[at] = event
  }

  pop(): Event | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (last === undefined || events.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= events.length) break
      if (below + 1 < events.length && isBefore(events[below + 1] as Event, events[below] as Event))
        below += 1
      if (!isBefore(events[below] as Event, last)) break
      events[at] = events[below] as Event
      at = below
    }
    events[at] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
