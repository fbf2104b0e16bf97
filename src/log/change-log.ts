import type { Tx } from '../db/engine/database.js'
import type { Change } from '../model/change.js'

/** The hash before the first entry of a log. */
export const NO_HASH = '0'.repeat(64)

/** A checked change, with its exact text as it is stored and forwarded. */
export interface Candidate {
  text: string
  change: Change
}

export interface Entry {
  gseq: number
  ghash: string
  /** When the change was first logged, milliseconds since 1970: by this log, or by one before it that was lost. */
  logged_at: number
  change: string
  origin: string
  epoch: string
  /** The blob that the change references, if it is small enough to be sent with it. */
  small_sha256: string | null
}

/** A change that an append added to the log; known changes are skipped. */
export interface Logged {
  gseq: number
  change: Change
}

export interface Position {
  gseq: number
  ghash: string
}

/** Changes do not continue their origin's sequence: an earlier one is missing, or another change has the same `oseq`. */
export class LogGapError extends Error {}

/** The ordered, durable log of all changes, numbered from 1 without gaps and chained by hashes. */
export interface ChangeLog {
  /** Identifies this incarnation of the log: 32 hex digits. */
  readonly id: string
  /** The position of the last entry; `gseq` is 0 while the log is empty. */
  head(): Position
  /** The highest stamp in the log (model/clock.ts). */
  clock(): string
  /**
   * Appends changes of one epoch of one origin, contiguous in `oseq`, and resolves once they are durable. A change whose id is
   * in the log is skipped, so sending again is harmless.
   * @param onLogged runs in the same unit of work
   * @throws LogGapError
   */
  append(candidates: Candidate[], onLogged: (tx: Tx, logged: Logged[]) => void): Promise<Logged[]>
  /** Returns at most `limit` entries after a position, oldest first. */
  read(after: number, limit: number): Entry[]
  /** The hash chain's value at a position; undefined beyond the head. */
  hashAt(gseq: number): string | undefined
  /** The last change of an epoch of an origin. */
  lastOf(origin: string, epoch: string): { oseq: number; id: string } | undefined
}
