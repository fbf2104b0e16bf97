/**
 * Coming back after a loss, on either side.
 *
 * - This database was restored from an old backup: the grand has seen changes of ours that we do not know. A new epoch
 *   begins, with what the outbox holds under the same ids; the lost changes come back with the log.
 * - The grand's log was lost or restored: it does not know our cursor, or lacks changes that it had acknowledged. The
 *   log is read again from its start (merging what is known changes nothing), and every row that it does not tell
 *   whole is told again in a new epoch, and so is what waits for a row. So these are all that has to survive:
 *   acknowledged changes need not be kept.
 * - Our clock was ahead: what the grand has not logged is stamped anew, in order, rows included.
 */

import { clearRefEntries } from '../../blobs/blob-refs.js'
import type { Reader, Tx } from '../../db/engine/database.js'
import { deleteMeta, readMeta, writeMeta } from '../../db/meta.js'
import { clearDeadLetters } from '../../db/regional/dead-letters.js'
import {
  type Acked,
  appendOutbox,
  beginEpoch,
  findOutboxId,
  outboxHead,
  readAcked,
  readOutbox,
} from '../../db/regional/outbox.js'
import { restampFact, restampRow } from '../../db/regional/replica.js'
import { listUnpublished, markAllUnpublished } from '../../db/regional/unpublished.js'
import { clearWatermarks } from '../../db/regional/watermarks.js'
import type { Random } from '../../lib/random.js'
import { bareFact, type Change, kindOf, stampsOf } from '../../model/change.js'
import { later, millisecondsOf, originOf, tick, ZERO_STAMP } from '../../model/clock.js'
import { MAX_CLOCK_AHEAD_MS, type MessageOf } from '../protocol.js'

/** What a welcome says about the two sides' histories. */
export type Verdict = 'in-step' | 'grand-lost-log' | 'we-lost-changes'

/** Compares the grand's memory of us with our own. */
export function compareHistories(reader: Reader, welcome: MessageOf<'welcome'>): Verdict {
  const acked = readAcked(reader)
  const seen: Acked = welcome.seen ?? { oseq: 0, id: '' }
  if (!welcome.cursor_known || seen.oseq < acked.oseq) return 'grand-lost-log'
  if (seen.oseq === 0) return 'in-step'
  const own = seen.oseq === acked.oseq ? acked.id : findOutboxId(reader, seen.oseq)
  return seen.oseq <= outboxHead(reader) && own === seen.id ? 'in-step' : 'we-lost-changes'
}

/** Goes on under a new epoch, with the changes that are not acknowledged. */
export function beginAfterRestore(tx: Tx, random: Random): void {
  beginEpoch(tx, { keepChanges: true }, random)
}

/** Forgets all that refers to the log that is lost, and takes down every row as one to be told again. */
export function beginRefill(tx: Tx, random: Random): void {
  beginEpoch(tx, { keepChanges: false }, random)
  deleteMeta(tx, 'cursor')
  deleteMeta(tx, 'log_clock')
  clearRefEntries(tx)
  clearWatermarks(tx)
  clearDeadLetters(tx)
  markAllUnpublished(tx)
}

/**
 * Stamps what the grand has not logged anew, under a clock that was set right: all changes made here, and of what is to
 * be told again the stamps that the grand would not take. They are other changes then, under ids and an epoch of their
 * own: the log may have some of them as they were, by a link that was given up or by a life before a restore, and every
 * server has to come to the same of both.
 * @param nowMs the time by the grand's clock, milliseconds since 1970
 * @returns the new stamp of each that had to go
 */
export function restampOutbox(tx: Tx, server: string, nowMs: number, random: Random): Map<string, string> {
  const changes = readOutbox(tx, 0, Number.MAX_SAFE_INTEGER)
  const rows = listUnpublished(tx)
  const renewed = renewals(tx, server, nowMs, [
    ...changes,
    ...rows.flatMap(({ row, deferred }): Stamped[] => [
      ...deferred.map(({ stamp, stamps = {}, fields }) => ({ stamp, stamps, fields })),
      ...(row ? [{ stamp: row.created_stamp, stamps: row.stamps, fields: row.cells }] : []),
    ]),
  ])
  for (const change of changes) restampRow(tx, { kind: kindOf(change), key: change.key }, renewed)
  for (const row of rows) restampRow(tx, row, renewed)
  beginEpoch(tx, { keepChanges: false }, random)
  for (const change of changes) appendOutbox(tx, server, restampFact(bareFact(change), renewed), random)
  const highest = [...renewed.values()].reduce(later, readMeta(tx, 'log_clock') ?? ZERO_STAMP)
  writeMeta(tx, 'clock', later(highest, tick(ZERO_STAMP, nowMs, server)))
  return renewed
}

type Stamped = Pick<Change, 'stamp' | 'stamps'> & { fields: Record<string, unknown> }

/** The new stamp for each that has to go, in the same order, and above all that stay. */
function renewals(tx: Tx, server: string, nowMs: number, all: Stamped[]): Map<string, string> {
  let clock = readMeta(tx, 'log_clock') ?? ZERO_STAMP
  const latest = Math.max(nowMs + MAX_CLOCK_AHEAD_MS, millisecondsOf(clock))
  const due = new Set<string>()
  for (const stamped of all) {
    // What waits for its row is told again as it was, under the stamp of the server that made it.
    const isMadeHere = stamped.stamps === undefined && originOf(stamped.stamp) === server
    if (isMadeHere) due.add(stamped.stamp)
    for (const stamp of stampsOf(stamped)) {
      if (millisecondsOf(stamp) > latest) due.add(stamp)
      else if (!isMadeHere) clock = later(clock, stamp)
    }
  }
  const renewed = new Map<string, string>()
  for (const stamp of [...due].sort()) {
    clock = tick(clock, nowMs, server)
    renewed.set(stamp, clock)
  }
  return renewed
}
