import { createHash } from 'node:crypto'
import { V7Generator } from 'uuidv7'
import type { Random } from '../../src/lib/random.js'
import type { Timer, Timers } from '../../src/lib/timers.js'
import { SeededRandom } from '../support/random.js'

/** The virtual moment at which everything begins, milliseconds since 1970. */
const EPOCH_MS = Date.UTC(2026, 10, 23, 10)

interface Event {
  at: number
  order: number
  run: () => void
}

/**
 * Time in which nothing is waited for: what is due next runs next, and then all that follows from it at once. Two worlds
 * of the same seed go through the same moments in the same order.
 */
export class World {
  readonly random: SeededRandom
  readonly #hash = createHash('sha256')
  readonly #print: ((line: string) => void) | undefined
  readonly #due = new Heap()
  #now = 0
  #sleptMs = 0
  #order = 0

  /** @param print told of every event, if the trace is wanted as text */
  constructor(seed: string, print?: (line: string) => void) {
    this.random = new SeededRandom(seed)
    this.#print = print
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** Milliseconds since 1970, by a clock that is right. */
  get wallMs(): number {
    return EPOCH_MS + Math.floor(this.#now) + this.#sleptMs
  }

  /** Every machine sleeps for so long: their clocks go on, and nothing else does. */
  skip(ms: number): void {
    this.#sleptMs += ms
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

  /** Takes down what happens; `bytes` are told apart by their hash. */
  trace(line: string, bytes?: Buffer): void {
    this.#hash.update(`${this.#now} ${line}\n`)
    if (bytes !== undefined) this.#hash.update(bytes)
    this.#print?.(`${this.#now.toFixed(3).padStart(12)} ${line}`)
  }

  /** sha256 of everything that has happened. */
  traceHash(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Runs what is due until something holds, or a time has passed. @returns whether it came to hold */
  async run(holds: () => boolean, untilMs: number): Promise<boolean> {
    while (!holds()) {
      const event = this.#due.pop()
      if (event === undefined || event.at > untilMs) return false
      this.#now = event.at
      event.run()
      await settled()
    }
    return true
  }
}

/** Promises, and streams in memory, are done with all that they can do now once the loop comes round. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The time and the randomness of one run of one server: when it has ended, nothing that it waits for ever comes. */
export class Life {
  readonly timers: Timers
  readonly random: Random
  readonly seeded: SeededRandom
  readonly #world: World
  #over = false

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

  get over(): boolean {
    return this.#over
  }

  end(): void {
    this.#over = true
  }

  after(ms: number, run: () => void): Timer {
    return this.#world.after(ms, () => {
      if (!this.#over) run()
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

/** A binary heap of events, the first of which is the next. */
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
