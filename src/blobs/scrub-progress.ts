import type { Database, Reader } from '../db/engine/database.js'
import { readMeta, writeMeta } from '../db/meta.js'

/** How far scrubbing is, kept across restarts. */
interface ScrubProgress {
  /** The blob that was checked last; null: all of them were. */
  after: string | null
  /** Milliseconds since 1970. */
  at: number
}

/** After which blob to go on; undefined: nothing is to be done until `everyMs` after the end of the last scrub. */
export function scrubPosition(reader: Reader, now: number, everyMs: number): string | undefined {
  const stored = readMeta(reader, 'scrub')
  if (stored === undefined) return ''
  const { after, at } = JSON.parse(stored) as ScrubProgress
  if (after !== null) return after
  // A clock that was put back says nothing of how long ago that is.
  return now - at >= everyMs || now < at ? '' : undefined
}

export function storeScrubProgress(db: Database, progress: ScrubProgress): Promise<void> {
  return db.write((tx) => writeMeta(tx, 'scrub', JSON.stringify(progress)))
}
