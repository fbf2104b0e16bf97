/**
 * Coming back after a loss, on either side.
 *
 * - This database was restored from an old backup: the grand has seen changes of ours that we do not know. A new epoch
 *   begins, with what the outbox holds under the same ids; the lost changes come back with the log.
 * - The grand's log was lost or restored: it does not know our cursor, or lacks changes that it had acknowledged. The
 *   log is read again from its start (merging what is known changes nothing), and every row that it does not tell
 *   whole is told again in a new epoch. So rows are all that has to survive: acknowledged changes need not be kept.
 * - Our clock was ahead: what the grand has not logged is stamped anew, in order, rows included.
 */
import type { Change } from '../../change.js'
import { later, tick, ZERO_STAMP } from '../../clock.js'
import type { Reader, Tx } from '../../storage/database.js'
import { forgetFilePositions } from '../../storage/files.js'
import { deleteMeta, readMeta, writeMeta } from '../../storage/meta.js'
import { forgetMissingPositions } from '../../storage/missing.js'
import {
  type Acked,
  beginEpoch,
  outboxHead,
  outboxIdAt,
  readAcked,
  readOutbox,
  rewriteOutbox,
} from '../../storage/outbox.js'
import { clearParked } from '../../storage/parked.js'
import { restampRow } from '../../storage/replica.js'
import { markAllUntold } from '../../storage/untold.js'
import { clearWatermarks } from '../../storage/watermarks.js'
import type { MessageOf } from '../protocol.js'

/** What a welcome says about the two sides' histories. */
export type Verdict = 'in-step' | 'grand-lost-log' | 'we-lost-changes'

/** Compares the grand's memory of us with our own. */
export function compareHistories(reader: Reader, welcome: MessageOf<'welcome'>): Verdict {
  const acked = readAcked(reader)
  const seen: Acked = welcome.seen ?? { oseq: 0, id: '' }
  if (!welcome.cursor_known || seen.oseq < acked.oseq) return 'grand-lost-log'
  if (seen.oseq === 0) return 'in-step'
  const own = seen.oseq === acked.oseq ? acked.id : outboxIdAt(reader, seen.oseq)
  return seen.oseq <= outboxHead(reader) && own === seen.id ? 'in-step' : 'we-lost-changes'
}

/** Goes on under a new epoch, with the changes that are not acknowledged. */
export function beginAfterRestore(tx: Tx): void {
  beginEpoch(tx, { keep: true })
}

/** Forgets all that refers to the log that is lost, and takes down every row as one to be told again. */
export function beginRefill(tx: Tx): void {
  beginEpoch(tx, { keep: false })
  deleteMeta(tx, 'cursor')
  deleteMeta(tx, 'log_clock')
  forgetFilePositions(tx)
  forgetMissingPositions(tx)
  clearWatermarks(tx)
  clearParked(tx)
  markAllUntold(tx)
}

/**
 * Stamps what the grand has not logged anew, under a clock that was set right.
 * @param nowMs the time by the grand's clock, milliseconds since 1970
 * @returns how many changes
 */
export function restampOutbox(tx: Tx, server: string, nowMs: number): number {
  let clock = readMeta(tx, 'log_clock') ?? ZERO_STAMP
  const renewed = new Map<string, string>()
  const changes = readOutbox(tx, 0, Number.MAX_SAFE_INTEGER)
  for (const change of changes) {
    // What merely tells a row again bears the stamps of its row, which others know.
    if (change.stamps !== undefined) continue
    if (!renewed.has(change.stamp)) {
      clock = tick(clock, nowMs, server)
      renewed.set(change.stamp, clock)
    }
    rewriteOutbox(tx, restamped(change, renewed))
    restampRow(tx, change, renewed)
  }
  writeMeta(tx, 'clock', later(clock, tick(ZERO_STAMP, nowMs, server)))
  return changes.length
}

/** Sessions name the stamp of their password in a field. */
function restamped(change: Change, renewed: Map<string, string>): Change {
  const { password_stamp } = change.fields
  const fields =
    password_stamp === undefined
      ? change.fields
      : { ...change.fields, password_stamp: renewed.get(String(password_stamp)) ?? password_stamp }
  return { ...change, fields, stamp: renewed.get(change.stamp) as string }
}
