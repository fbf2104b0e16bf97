import type { Tx } from '../db/engine/database.js'
import { readClock, writeMeta } from '../db/meta.js'
import { appendOutbox } from '../db/regional/outbox.js'
import { type AppliedChange, applyChange } from '../db/regional/replica.js'
import { type Random, systemRandom } from '../lib/random.js'
import { Signal } from '../lib/signal.js'
import type { Draft, Fact } from '../model/change.js'
import { tick } from '../model/clock.js'
import type { EventRecorder } from './event-recorder.js'

/**
 * The only writer of replicated tables. It appends local changes to the outbox and merges them into the rows by the function
 * that merges remote changes, all in the caller's transaction.
 */
export class Journal {
  /** Source of ids and secrets of new rows. */
  readonly random: Random
  readonly #server: string
  readonly #now: () => number
  readonly #events: EventRecorder
  /** Emitted after a commit with outbox changes. */
  readonly outboxGrown = new Signal()

  constructor(server: string, now: () => number, events: EventRecorder, random: Random = systemRandom) {
    this.random = random
    this.#server = server
    this.#now = now
    this.#events = events
  }

  /** The next stamp of this server's clock, stored by the transaction that uses it. */
  tick(tx: Tx): string {
    const stamp = tick(readClock(tx), this.#now(), this.#server)
    writeMeta(tx, 'clock', stamp)
    return stamp
  }

  /** Records local changes. All changes of a unit of work have one stamp, so that two units conflict as wholes. */
  record(tx: Tx, drafts: Draft[], stamp = this.tick(tx)): void {
    for (const draft of drafts) {
      const fact = { stamp, ...draft }
      appendOutbox(tx, this.#server, fact, this.random)
      this.#merge(tx, fact)
    }
    tx.afterCommit(() => this.outboxGrown.emit())
  }

  /** Applies a remote change. The caller has to `observe` its stamps in the same unit of work. */
  apply(tx: Tx, fact: Fact): AppliedChange {
    return this.#merge(tx, fact)
  }

  /** Moves the clock to a remote stamp, so that later local changes have greater stamps. */
  observe(tx: Tx, stamp: string): void {
    if (stamp > readClock(tx)) writeMeta(tx, 'clock', stamp)
  }

  #merge(tx: Tx, fact: Fact): AppliedChange {
    const applied = applyChange(tx, fact)
    this.#events.record(tx, applied)
    return applied
  }
}
