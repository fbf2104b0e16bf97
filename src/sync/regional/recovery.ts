/**
 * Recovery after a loss on either side.
 *
 * - This database was restored from an old backup: the grand's log has changes of this server that it does not know. A new
 *   epoch begins with the changes in the outbox under the same ids; the lost changes return with the log.
 * - The grand's log was lost or restored: it does not know this server's cursor, or lacks changes that it acknowledged. The
 *   regional reads the log again from its start (merging known changes has no effect). In a new epoch it republishes every
 *   row whose whole state is not in the log, and every deferred change. So acknowledged changes need not be kept.
 * - This server's clock was ahead or behind: changes that the grand has not logged get new stamps, in order; rows too.
 */

import { clearRefEntries } from '../../blobs/blob-refs.js'
import type { Reader, Tx } from '../../db/engine/database.js'
import { deleteMeta, readClock, readMeta, writeMeta } from '../../db/meta.js'
import { forgetLoggedClaims } from '../../db/regional/claims.js'
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
import { applyChange, restampFact, restampRow } from '../../db/regional/replica.js'
import { clearUnknownPositions } from '../../db/regional/unknown-changes.js'
import { listUnpublished, markAllUnpublished } from '../../db/regional/unpublished.js'
import { clearWatermarks } from '../../db/watermarks.js'
import type { Random } from '../../lib/random.js'
import { bareFact, type Change, kindOf, stampsOf } from '../../model/change.js'
import { CHANGES } from '../../model/change-types.js'
import { later, millisecondsOf, originOf, tick, ZERO_STAMP } from '../../model/clock.js'
import { MAX_CLOCK_AHEAD_MS, type MessageOf } from '../protocol.js'

/** The result of comparing the histories of both sides. */
export type Verdict = 'in-step' | 'grand-lost-log' | 'we-lost-changes'

/** Compares a welcome with this server's outbox and acknowledgements. */
export function compareHistories(reader: Reader, welcome: MessageOf<'welcome'>): Verdict {
  const acked = readAcked(reader)
  const seen: Acked = welcome.seen ?? { oseq: 0, id: '' }
  if (!welcome.cursor_known || seen.oseq < acked.oseq) return 'grand-lost-log'
  if (seen.oseq === 0) return 'in-step'
  const own = seen.oseq === acked.oseq ? acked.id : findOutboxId(reader, seen.oseq)
  return seen.oseq <= outboxHead(reader) && own === seen.id ? 'in-step' : 'we-lost-changes'
}

/** Begins a new epoch with the unacknowledged changes. The log may have them already, so their stamps have to stay. */
export function beginAfterRestore(tx: Tx, random: Random): void {
  beginEpoch(tx, { keepChanges: true }, random)
  writeMeta(tx, 'settled', readClock(tx))
}

/** Clears all state that refers to the lost log, and marks every row to be republished. */
export function beginRefill(tx: Tx, random: Random): void {
  beginEpoch(tx, { keepChanges: false }, random)
  deleteMeta(tx, 'cursor')
  deleteMeta(tx, 'log_clock')
  clearRefEntries(tx)
  forgetLoggedClaims(tx)
  clearUnknownPositions(tx)
  clearWatermarks(tx)
  clearDeadLetters(tx)
  markAllUnpublished(tx)
}

/**
 * Replaces the stamps of unlogged state after the clock was corrected: of all changes recorded here, and of rows to be
 * republished the stamps that the grand would refuse. The results are new changes with new ids in a new epoch: the log may
 * contain some of the originals, from an earlier session or from before a restore, and every server must merge both alike.
 * @param nowMs time of the grand's clock, milliseconds since 1970
 * @returns the new stamp of each replaced one
 */
export function restampOutbox(tx: Tx, server: string, nowMs: number, random: Random): Map<string, string> {
  const changes = readOutbox(tx, 0, Number.MAX_SAFE_INTEGER)
  const rows = listUnpublished(tx)
  const renewed = laterStamps(tx, server, nowMs, [
    ...changes,
    ...rows.flatMap(({ row, deferred }): Stamped[] => [
      ...deferred.map(({ stamp, stamps = {} }) => ({ stamp, stamps })),
      ...(row ? [{ stamp: row.created_stamp, stamps: row.stamps }] : []),
    ]),
  ])
  for (const row of rows) restampRow(tx, row, renewed)
  replaceOutbox(tx, server, { changes, renewed }, random)
  const highest = [...renewed.values()].reduce(later, readMeta(tx, 'log_clock') ?? ZERO_STAMP)
  writeMeta(tx, 'clock', later(highest, tick(ZERO_STAMP, nowMs, server)))
  return renewed
}

/**
 * Advances the stamps of unlogged changes that were made while this server's clock was behind, by as much as it was. They
 * keep their order and their distances; none gets later than `nowMs`. As above, they become new changes.
 * @param since the last stamp before the clock was behind
 * @param nowMs time of the grand's clock, milliseconds since 1970
 * @returns the new stamp of each replaced one
 */
export function advanceOutbox(
  tx: Tx,
  server: string,
  { since, behindMs, nowMs }: { since: string; behindMs: number; nowMs: number },
  random: Random,
): Map<string, string> {
  const changes = readOutbox(tx, 0, Number.MAX_SAFE_INTEGER)
  // Snapshot changes republish rows that a former log had.
  const due = new Set(changes.filter(({ stamps }) => stamps === undefined).map(({ stamp }) => stamp))
  const renewed = new Map<string, string>()
  const from = later(since, readMeta(tx, 'settled') ?? ZERO_STAMP)
  // A stamp from `nowMs` on is late enough; an earlier one stays before it.
  const isDue = (stamp: string) =>
    stamp > from && originOf(stamp) === server && millisecondsOf(stamp) < nowMs - 1
  let clock = from
  for (const stamp of [...due].filter(isDue).sort()) {
    clock = tick(clock, Math.min(millisecondsOf(stamp) + behindMs, nowMs - 1), server)
    renewed.set(stamp, clock)
  }
  if (renewed.size === 0) return renewed
  replaceOutbox(tx, server, { changes, renewed }, random)
  writeMeta(tx, 'clock', later(readClock(tx), clock))
  return renewed
}

/**
 * Replaces stamps in the outbox and in its rows, under new ids and in a new epoch. A change that had lost against a logged one
 * may win with its new stamp, so each is merged again.
 */
function replaceOutbox(
  tx: Tx,
  server: string,
  { changes, renewed }: { changes: Change[]; renewed: Map<string, string> },
  random: Random,
): void {
  for (const change of changes) restampRow(tx, { kind: kindOf(change), key: change.key }, renewed)
  beginEpoch(tx, { keepChanges: false }, random)
  for (const change of changes) {
    // A change of another server that is republished as it is keeps its id.
    const isSame = !stampsOf(change).some((stamp) => renewed.has(stamp))
    const fact = restampFact(bareFact(change), renewed)
    appendOutbox(tx, server, isSame ? { ...fact, id: change.id } : fact, random)
    if (fact.type in CHANGES) applyChange(tx, fact)
  }
}

type Stamped = Pick<Change, 'stamp' | 'stamps'>

/** Maps each stamp to be replaced to a new one, in the same order and above all stamps that stay. */
function laterStamps(tx: Tx, server: string, nowMs: number, all: Stamped[]): Map<string, string> {
  let clock = readMeta(tx, 'log_clock') ?? ZERO_STAMP
  const latest = Math.max(nowMs + MAX_CLOCK_AHEAD_MS, millisecondsOf(clock))
  const due = new Set<string>()
  for (const stamped of all) {
    // A deferred change is republished as it is, with the stamp of the server that made it.
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
