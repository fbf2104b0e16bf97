/** Units of work in shared transactions: those that arrive while others are under way wait for the disk together. */
import type { Timers } from '../../lib/timers.js'

export type Work<Tx, T> = (tx: Tx) => T

export interface Unit<Tx> {
  work: Work<Tx, unknown>
  /** To be done when it has done everything else. */
  finalizers: Map<string, () => void>
  /** To be run once it is durable. */
  effects: (() => void)[]
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

type Outcome<Tx> = { unit: Unit<Tx>; value: unknown } | { unit: Unit<Tx>; error: unknown }

/** The connection that the units work on. */
export interface GroupCommitDeps<Tx> {
  readonly inTransaction: boolean
  execute(sql: string): void
  createTx(unit: Unit<Tx>): Tx
}

/** Units of work in one turn of the loop at most: bounds how long it is held. */
const MAX_UNITS_PER_TICK = 512

/** Between tries to begin while another process writes, and how long units wait for that. */
const BUSY_RETRY_MS = 20
const BUSY_TIMEOUT_MS = 5000

export class GroupCommit<Tx> {
  readonly #deps: GroupCommitDeps<Tx>
  readonly #timers: Timers
  readonly #queue: Unit<Tx>[] = []
  readonly #series: Unit<Tx>[][] = []
  /** Of the units that have run in the transaction which is open, and then of those that it has committed. */
  #outcomes: Outcome<Tx>[] = []
  #isRunning = false
  #isScheduled = false
  /** Since when another process writes. */
  #busySince: number | undefined
  #idleWaiters: (() => void)[] = []

  constructor(deps: GroupCommitDeps<Tx>, timers: Timers) {
    this.#deps = deps
    this.#timers = timers
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

  /** Commits what a series has done so far: whoever reads outside of a unit sees what is durable. */
  commitSeries(): void {
    if (this.#outcomes.length > 0 && !this.#isRunning) this.#commit()
  }

  /** Resolves when nothing waits. */
  async drain(): Promise<void> {
    if (this.#isScheduled) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    if (this.#busySince === undefined) this.#timers.soon(() => this.#runTick())
    else this.#retryLater()
  }

  #retryLater(): void {
    this.#timers.after(BUSY_RETRY_MS, () => this.#runTick())
  }

  /** One unit of a series, then those of others. A series that nobody comes between is committed when it ends. */
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
   * Begins, or says that another process writes. It is waited for here, for a while: if SQLite did, the loop would stand
   * still. What waits too long fails, and then what comes later does so at its first try.
   */
  #isWaitingForOtherWriter(): boolean {
    try {
      this.#begin()
    } catch (error) {
      // Any other error meets those who run next.
      if (!isBusy(error)) return false
      this.#busySince ??= this.#timers.now()
      return this.#timers.now() - this.#busySince < BUSY_TIMEOUT_MS
    }
    this.#busySince = undefined
    return false
  }

  /** Without a savepoint: what is taken back with it is of its own series. */
  #runSeriesUnit(unit: Unit<Tx>): void {
    try {
      this.#begin()
      this.#outcomes.push({ unit, value: this.#perform(unit) })
    } catch (error) {
      this.#fail([unit], error)
      this.#settle()
    }
  }

  /** Each has its own savepoint, so that one that throws takes nothing with it. */
  #runBatch(batch: Unit<Tx>[], alone: boolean): void {
    const waiting = [...batch]
    try {
      if (batch.length > 0) this.#begin()
      for (const unit of batch) {
        this.#outcomes.push(this.#attempt(unit, alone))
        waiting.shift()
      }
    } catch (error) {
      this.#fail(waiting, error)
    }
  }

  #attempt(unit: Unit<Tx>, alone: boolean): Outcome<Tx> {
    const deps = this.#deps
    if (!alone) deps.execute('SAVEPOINT unit')
    try {
      const value = this.#perform(unit)
      if (!alone) deps.execute('RELEASE unit')
      return { unit, value }
    } catch (error) {
      // SQLite ends the whole transaction by itself on some errors (a full disk): then nobody's work stands.
      if (!deps.inTransaction) throw error
      deps.execute(alone ? 'ROLLBACK' : 'ROLLBACK TO unit')
      if (!alone) deps.execute('RELEASE unit')
      return { unit, error }
    }
  }

  #perform(unit: Unit<Tx>): unknown {
    this.#isRunning = true
    try {
      const value = unit.work(this.#deps.createTx(unit))
      if (value instanceof Promise) throw new TypeError('a unit of work must not wait')
      for (const last of unit.finalizers.values()) last()
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

  /** A failure of the transaction itself is the outcome of all in it, and of those that it had still to run. */
  #fail(waiting: Unit<Tx>[], error: unknown): void {
    if (this.#deps.inTransaction) this.#deps.execute('ROLLBACK')
    const failed = this.#outcomes.map((outcome) =>
      'error' in outcome ? outcome : { unit: outcome.unit, error },
    )
    this.#outcomes = [...failed, ...waiting.map((unit) => ({ unit, error }))]
  }

  /** Gives those of the last commit their answers. */
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

/** The unit is durable whatever becomes of its effects: one that throws ends the process, but after all have their answer. */
function runEffect(effect: () => void): void {
  try {
    effect()
  } catch (error) {
    setImmediate(() => {
      throw error
    })
  }
}
