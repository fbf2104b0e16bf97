import type { Tx } from '../db/engine/database.js'
import type { Change } from '../model/change.js'

/** The hash before the first entry of a log. */
export const NO_HASH = '0'.repeat(64)

/** A change that was checked, with the exact text that is kept and passed on. */
export interface Candidate {
  text: string
  change: Change
}

export interface Entry {
  gseq: number
  ghash: string
  change: string
  origin: string
  epoch: string
  /** The bytes that the change names, if they are small enough to go beside it. */
  small_sha256: string | null
}

/** What an append adds to the log: known changes are not among it. */
export interface Logged {
  gseq: number
  change: Change
}

export interface Position {
  gseq: number
  ghash: string
}

/** The changes do not follow what is known of their origin: one before them is not here, or another has their place. */
export class LogGapError extends Error {}

/** An ordered, durable, unlimited list of changes: numbered from 1 without a gap, and chained by hashes. */
export interface ChangeLog {
  /** Names this incarnation of the log: 32 hex digits, minted with it. */
  readonly id: string
  /** The last entry; `gseq` 0 when there is none. */
  head(): Position
  /** The highest stamp in it (see clock.ts). */
  clock(): string
  /**
   * Appends changes of one incarnation of one origin, contiguous in `oseq`, and resolves once they are durable. Those
   * that are known by their id are passed over: sending twice does no harm.
   * @param onLogged what else belongs into the same unit of work
   * @throws LogGap
   */
  append(candidates: Candidate[], onLogged: (tx: Tx, logged: Logged[]) => void): Promise<Logged[]>
  /** Entries after a place, oldest first, `limit` at most. */
  read(after: number, limit: number): Entry[]
  /** The chain's hash at a place; undefined when the log does not reach so far. */
  hashAt(gseq: number): string | undefined
  /** The last change seen of an incarnation of an origin. */
  lastOf(origin: string, epoch: string): { oseq: number; id: string } | undefined
}
