/**
 * The change format. A change is the after-image of some fields of one row, never a command.
 *
 * The format evolves. The grand checks only the envelope (`faultOfEnvelope`). A regional applies what it understands
 * (`readChange`), and defers a change that it does not understand completely until it is upgraded.
 */

import { CHANGES, type ChangeShape, type ChangeType } from './change-types.js'
import { type BlobFields, declarationOf } from './tables.js'

/** The highest version of the change format that this program understands. */
export const CHANGE_VERSION = 1

/** The maximum size of an encoded change, in bytes of UTF-8. */
export const MAX_CHANGE_BYTES = 64 * 1024

/** The value of a field on the wire. The database stores booleans as 0 and 1. */
export type Value = string | number | boolean | null

/** A change as the domain makes it; the journal adds the envelope. */
export interface Draft {
  type: ChangeType
  key: string
  fields: Record<string, Value>
}

/** The part of a change that `merge` reads. */
export interface Fact extends Draft {
  /** Hybrid logical clock (see clock.ts); all facts of a unit of work have the same stamp. */
  stamp: string
  /** Only in snapshots: the stamp of each `latest` field. */
  stamps?: Record<string, string>
  /** Only in snapshots of claims: when a former log took the row, milliseconds since 1970. */
  logged_at?: number
  /** The fields that hold the row's blob reference; readable without knowing the change's type. */
  blob?: BlobFields
  /** Version of the format: raised when a known field accepts new values. */
  v?: number
}

/** A change on the wire, in the outbox and in the log. */
export interface Change extends Fact {
  v: number
  /** UUIDv7; the same change sent twice has the same id. */
  id: string
  /** Name of the server that made the change, as in that server's certificate. */
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

/** The blob that a change references, if any. */
export function blobOf({ blob, fields }: Pick<Fact, 'blob' | 'fields'>): BlobRef | undefined {
  return blob && { sha256: String(fields[blob.sha256]), size: Number(fields[blob.size]) }
}

/** A change without its envelope. */
export function bareFact({ type, key, fields, stamp, stamps, logged_at, blob, v }: Fact): Fact {
  return {
    ...{ type, key, fields, stamp },
    ...(stamps && { stamps }),
    ...(logged_at && { logged_at }),
    ...(blob && { blob }),
    ...(v && { v }),
  }
}

/** The kind of row that a change updates: `file` for `file.uploaded`. */
export function kindOf({ type }: { type: string }): string {
  return type.slice(0, type.indexOf('.'))
}

/** Every stamp in a change: a snapshot has one for each `latest` field. */
export function stampsOf({ stamp, stamps }: Pick<Change, 'stamp' | 'stamps'>): string[] {
  return [stamp, ...Object.values(stamps ?? {})]
}

/** The value of `blob` that a change must have: the table's declaration, if the change carries those fields. */
export function declaredBlob({ type, fields }: Pick<Fact, 'type' | 'fields'>): BlobFields | undefined {
  const shape: ChangeShape | undefined = CHANGES[type]
  const blob = shape && declarationOf(shape.table).blob
  return blob !== undefined && blob.sha256 in fields ? blob : undefined
}
