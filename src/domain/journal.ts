import type { Tx } from '../db/engine/database.js'
import { readClock, writeMeta } from '../db/meta.js'
import { appendOutbox } from '../db/regional/outbox.js'
import { type AppliedChange, applyChange } from '../db/regional/replica.js'
import { type Random, systemRandom } from '../lib/random.js'
import { Signal } from '../lib/signal.js'
import type { Draft, Fact } from '../model/change.js'
import { tick } from '../model/clock.js'
import type { EventRecorder } from './event-recorder.js'

export interface JournalDeps {
  server: string
  now: () => number
  events: EventRecorder
  random?: Random
}

/**
 * The only writer of the replicated tables. Local changes are merged by the same function as remote ones, and appended
 * to the outbox in the caller's transaction.
 */
export class Journal {
  /** Source of the ids and secrets of new rows. */
  readonly random: Random
  readonly #deps: JournalDeps
  /** Emitted after each commit that appended changes to the outbox. */
  readonly outboxGrown = new Signal()

  constructor(deps: JournalDeps) {
    this.#deps = deps
    this.random = deps.random ?? systemRandom
  }

  /** Advances this server's hybrid logical clock; the new stamp is saved in the transaction that uses it. */
  tick(tx: Tx): string {
    const stamp = tick(readClock(tx), this.#deps.now(), this.#deps.server)
    writeMeta(tx, 'clock', stamp)
    return stamp
  }

  /** Records local changes. All changes of a unit of work share a stamp, so that concurrent units win or lose as wholes. */
  record(tx: Tx, drafts: Draft[], stamp = this.tick(tx)): void {
    for (const draft of drafts) {
      const fact = { stamp, ...draft }
      appendOutbox(tx, this.#deps.server, fact, this.random)
      this.#merge(tx, fact)
    }
    tx.afterCommit(() => this.outboxGrown.emit())
  }

  /** Applies a remote change without recording a new one. The same unit of work must `observe` its stamps. */
  apply(tx: Tx, fact: Fact): AppliedChange {
    return this.#merge(tx, fact)
  }

  /** Observes a remote stamp: changes recorded from now on get later stamps. */
  observe(tx: Tx, stamp: string): void {
    if (stamp > readClock(tx)) writeMeta(tx, 'clock', stamp)
  }

  #merge(tx: Tx, fact: Fact): AppliedChange {
    const applied = applyChange(tx, fact)
    this.#deps.events.record(tx, applied)
    return applied
  }
}
