/** Group commit: units of work that are queued together share one transaction, and so one fsync. */
import type { Timers } from '../../lib/timers.js'

export type Work<Tx, T> = (tx: Tx) => T

export interface Unit<Tx> {
  work: Work<Tx, unknown>
  /** Run at the end of the unit, in its transaction. */
  finalizers: Map<string, () => void>
  /** Run once the unit is durable. */
  effects: (() => void)[]
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

type Outcome<Tx> = { unit: Unit<Tx>; value: unknown } | { unit: Unit<Tx>; error: unknown }

/** The connection on which the units run, and the timers. */
export interface GroupCommitDeps<Tx> {
  readonly timers: Timers
  readonly inTransaction: boolean
  execute(sql: string): void
  createTx(unit: Unit<Tx>): Tx
}

/** Bounds how long one tick blocks the event loop. */
const MAX_UNITS_PER_TICK = 512

/** Retry interval while another process holds the write lock, and the time after which units fail. */
const BUSY_RETRY_MS = 20
const BUSY_TIMEOUT_MS = 5000

export class GroupCommit<Tx> {
  readonly #deps: GroupCommitDeps<Tx>
  readonly #queue: Unit<Tx>[] = []
  readonly #series: Unit<Tx>[][] = []
  /** Outcomes of the units that ran in the open transaction, until they are settled after its commit. */
  #outcomes: Outcome<Tx>[] = []
  #isRunning = false
  #isScheduled = false
  /** When another process was first found to hold the write lock. */
  #busySince: number | undefined
  #idleWaiters: (() => void)[] = []

  constructor(deps: GroupCommitDeps<Tx>) {
    this.#deps = deps
  }

  add<T>(work: Work<Tx, T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push(newUnit(work, resolve, reject))
      this.#schedule()
    })
  }

  addSeries(works: Work<Tx, unknown>[]): Promise<void> {
    if (works.length === 0) return Promise.resolve()
    return new Promise<void>((resolve, reject) => {
      const series: Unit<Tx>[] = []
      const fail = (error: unknown) => {
        series.length = 0
        reject(error)
      }
      for (const [index, work] of works.entries()) {
        const done = index === works.length - 1 ? resolve : () => undefined
        series.push(newUnit(work, () => done(), fail))
      }
      this.#series.push(series)
      this.#schedule()
    })
  }

  /** Commits the series units run so far, so that a read outside of a unit sees only durable state. */
  commitSeries(): void {
    if (this.#outcomes.length > 0 && !this.#isRunning) this.#commit()
  }

  /** Resolves when no unit is queued. */
  async drain(): Promise<void> {
    if (this.#isScheduled) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    if (this.#busySince === undefined) this.#deps.timers.soon(() => this.#runTick())
    else this.#retryLater()
  }

  #retryLater(): void {
    this.#deps.timers.after(BUSY_RETRY_MS, () => this.#runTick())
  }

  /** Runs one unit of a series, then the queued units. Without queued units, a series commits when it ends. */
  #runTick(): void {
    this.#settle()
    const isOpen = this.#deps.inTransaction
    if (this.#isWaitingForOtherWriter()) {
      this.#retryLater()
      return
    }
    const series = this.#series[0]
    const next = series?.shift()
    if (next !== undefined) this.#runSeriesUnit(next)
    const batch = this.#queue.splice(0, MAX_UNITS_PER_TICK)
    this.#runBatch(batch, batch.length === 1 && next === undefined && !isOpen)
    const isOver = series === undefined || series.length === 0
    if (isOver) this.#series.shift()
    if (isOver || batch.length > 0) this.#commit()
    this.#settle()
    this.#isScheduled = false
    if (this.#queue.length > 0 || this.#series.length > 0) this.#schedule()
    else for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  /**
   * Begins a transaction; returns true while another process holds the write lock and the timeout has not passed. Waiting
   * in SQLite would block the event loop. After a timeout, units fail on their first try until the lock is free.
   */
  #isWaitingForOtherWriter(): boolean {
    try {
      this.#begin()
    } catch (error) {
      // Any other error recurs when the units begin, and fails them.
      if (!isBusy(error)) return false
      this.#busySince ??= this.#deps.timers.now()
      return this.#deps.timers.now() - this.#busySince < BUSY_TIMEOUT_MS
    }
    this.#busySince = undefined
    return false
  }

  /** Runs without a savepoint: a failure rolls back only units of the same series. */
  #runSeriesUnit(unit: Unit<Tx>): void {
    try {
      this.#begin()
      this.#outcomes.push({ unit, value: this.#perform(unit) })
    } catch (error) {
      this.#fail([unit], error)
      this.#settle()
    }
  }

  /** Runs each unit in its own savepoint, so that one that throws rolls back alone. */
  #runBatch(batch: Unit<Tx>[], isAlone: boolean): void {
    const remaining = [...batch]
    try {
      if (batch.length > 0) this.#begin()
      for (const unit of batch) {
        this.#outcomes.push(this.#attempt(unit, isAlone))
        remaining.shift()
      }
    } catch (error) {
      this.#fail(remaining, error)
    }
  }

  #attempt(unit: Unit<Tx>, isAlone: boolean): Outcome<Tx> {
    const deps = this.#deps
    if (!isAlone) deps.execute('SAVEPOINT unit')
    try {
      const value = this.#perform(unit)
      if (!isAlone) deps.execute('RELEASE unit')
      return { unit, value }
    } catch (error) {
      // Some errors, such as a full disk, make SQLite roll back the whole transaction, and so every unit in it.
      if (!deps.inTransaction) throw error
      deps.execute(isAlone ? 'ROLLBACK' : 'ROLLBACK TO unit')
      if (!isAlone) deps.execute('RELEASE unit')
      return { unit, error }
    }
  }

  #perform(unit: Unit<Tx>): unknown {
    this.#isRunning = true
    try {
      const value = unit.work(this.#deps.createTx(unit))
      if (value instanceof Promise) throw new TypeError('a unit of work must be synchronous')
      for (const finalizer of unit.finalizers.values()) finalizer()
      return value
    } finally {
      this.#isRunning = false
    }
  }

  #begin(): void {
    if (!this.#deps.inTransaction) this.#deps.execute('BEGIN IMMEDIATE')
  }

  #commit(): void {
    try {
      if (this.#deps.inTransaction) this.#deps.execute('COMMIT')
    } catch (error) {
      this.#fail([], error)
    }
  }

  /** Rolls back. The error becomes the outcome of every unit in the transaction and of those still to run. */
  #fail(remaining: Unit<Tx>[], error: unknown): void {
    if (this.#deps.inTransaction) this.#deps.execute('ROLLBACK')
    const failed = this.#outcomes.map((outcome) =>
      'error' in outcome ? outcome : { unit: outcome.unit, error },
    )
    this.#outcomes = [...failed, ...remaining.map((unit) => ({ unit, error }))]
  }

  /** Runs the effects and settles the promises of the units of the last transaction. */
  #settle(): void {
    if (this.#deps.inTransaction) return
    const outcomes = this.#outcomes
    this.#outcomes = []
    for (const outcome of outcomes) {
      if ('error' in outcome) outcome.unit.reject(outcome.error)
      else {
        for (const effect of outcome.unit.effects) runEffect(effect)
        outcome.unit.resolve(outcome.value as never)
      }
    }
  }
}

function newUnit<Tx, T>(
  work: Work<Tx, T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Unit<Tx> {
  return { work, finalizers: new Map(), effects: [], resolve, reject }
}

function isBusy(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'SQLITE_BUSY'
}

/** The unit is durable whether or not its effects fail. An error ends the process, after every promise has settled. */
function runEffect(effect: () => void): void {
  try {
    effect()
  } catch (error) {
    setImmediate(() => {
      throw error
    })
  }
}
