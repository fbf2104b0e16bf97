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
 * The one way into the replicated tables. What happens here becomes changes, merged into the rows by the very
 * function that merges the changes of other servers, and put into the outbox, all in the caller's transaction.
 */
export class Journal {
  /** What the ids and the secrets of new rows are made of. */
  readonly random: Random
  readonly #deps: JournalDeps
  /** Emitted after every commit that put changes into the outbox. */
  readonly outboxGrown = new Signal()

  constructor(deps: JournalDeps) {
    this.#deps = deps
    this.random = deps.random ?? systemRandom
  }

  /** The next stamp of this server's clock; it is kept in the transaction that uses it. */
  tick(tx: Tx): string {
    const stamp = tick(readClock(tx), this.#deps.now(), this.#deps.server)
    writeMeta(tx, 'clock', stamp)
    return stamp
  }

  /** Records local changes. All of one unit of work bear one stamp, so that two units conflict as wholes. */
  record(tx: Tx, drafts: Draft[], stamp = this.tick(tx)): void {
    for (const draft of drafts) {
      const fact = { stamp, ...draft }
      appendOutbox(tx, this.#deps.server, fact, this.random)
      this.#merge(tx, fact)
    }
    tx.afterCommit(() => this.outboxGrown.emit())
  }

  /** Applies a change of another server; records no new one. Its stamps have to be observed in the same unit of work. */
  apply(tx: Tx, fact: Fact): AppliedChange {
    return this.#merge(tx, fact)
  }

  /** Observes the stamps of others up to this one: what is recorded here from now on is later. */
  observe(tx: Tx, stamp: string): void {
    if (stamp > readClock(tx)) writeMeta(tx, 'clock', stamp)
  }

  #merge(tx: Tx, fact: Fact): AppliedChange {
    const applied = applyChange(tx, fact)
    this.#deps.events.record(tx, applied)
    return applied
  }
}
