/**
 * Every replicated fact: a change is the after-image of some fields of one row, never a command.
 *
 * Changes evolve. The grand checks the envelope alone (`faultOfEnvelope`) and keeps the rest unread. A regional applies
 * what it understands (`readChange`), and keeps a change that it does not wholly understand until it is upgraded.
 */

import { CHANGES, type ChangeShape, type ChangeType } from './change-types.js'
import { type BlobFields, declarationOf } from './tables.js'

/** Highest version of the format of changes that this program understands. */
export const CHANGE_VERSION = 1

/** Longest encoded change, bytes of UTF-8. */
export const MAX_CHANGE_BYTES = 64 * 1024

/** The value of one field, as it travels and as the database keeps it (true is kept as 1). */
export type Value = string | number | boolean | null

/** What a writer states; the journal adds the rest of the envelope. */
export interface Draft {
  type: ChangeType
  key: string
  fields: Record<string, Value>
}

/** What merging needs to know. */
export interface Fact extends Draft {
  /** Hybrid logical clock (see clock.ts); the facts of one unit of work bear the same. */
  stamp: string
  /** Only in snapshots: the stamp of each `latest` field. */
  stamps?: Record<string, string>
  /** Which of the fields name a blob that the row needs from now on, whoever understands the rest. */
  blob?: BlobFields
  /** Version of the format: raised when a known field takes values that it did not take before. */
  v?: number
}

/** A change on the wire, in the outbox and in the log. */
export interface Change extends Fact {
  v: number
  /** UUIDv7; the same change sent twice has the same id. */
  id: string
  /** Name of the server where it happened, as in that server's certificate. */
  origin: string
  /** Incarnation of the origin's database (32 hex digits). */
  epoch: string
  /** Contiguous from 1 in (origin, epoch). */
  oseq: number
}

/** A blob that a row needs. */
export interface BlobRef {
  sha256: string
  size: number
}

/** The blob that a change references, if it does. */
export function blobOf({ blob, fields }: Pick<Fact, 'blob' | 'fields'>): BlobRef | undefined {
  return blob && { sha256: String(fields[blob.sha256]), size: Number(fields[blob.size]) }
}

/** A change without the envelope of the server that made it. */
export function bareFact({ type, key, fields, stamp, stamps, blob, v }: Fact): Fact {
  return { type, key, fields, stamp, ...(stamps && { stamps }), ...(blob && { blob }), ...(v && { v }) }
}

/** The kind of row that a change is about: `file` of `file.uploaded`. */
export function kindOf({ type }: { type: string }): string {
  return type.slice(0, type.indexOf('.'))
}

/** All that a change says of time: a snapshot bears a stamp for each field, a session that of its password. */
export function stampsOf({
  stamp,
  stamps,
  fields: { password_stamp },
}: Pick<Change, 'stamp' | 'stamps'> & { fields: Record<string, unknown> }): string[] {
  return [
    stamp,
    ...Object.values(stamps ?? {}),
    ...(typeof password_stamp === 'string' ? [password_stamp] : []),
  ]
}

/** What `blob` has to say of a change: the table's declaration, where the change carries its fields. */
export function declaredBlob({ type, fields }: Pick<Fact, 'type' | 'fields'>): BlobFields | undefined {
  const shape: ChangeShape | undefined = CHANGES[type]
  const blob = shape && declarationOf(shape.table).blob
  return blob !== undefined && blob.sha256 in fields ? blob : undefined
}
