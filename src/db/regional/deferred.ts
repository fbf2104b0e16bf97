/**
 * Deferred changes: their row has not arrived yet, or a newer program made them and this one does not understand them
 * completely. They are applied when the row arrives or after an upgrade, and republished together with their row.
 */

import { addRef, type RowId, removeRef, setRefEntry } from '../../blobs/blob-refs.js'
import { type BlobRef, blobOf, type Change, type Fact, kindOf } from '../../model/change.js'
import { ZERO_STAMP } from '../../model/clock.js'
import { merge, type Row } from '../../model/merge.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const insertDeferred = prepare<
  RowId & { reason: 'row' | 'unknown'; id: string | null; gseq: number; change: string }
>()((slot) =>
  query
    .insertInto('deferred')
    .values({
      kind: slot('kind'),
      key: slot('key'),
      reason: slot('reason'),
      id: slot('id'),
      gseq: slot('gseq'),
      change: slot('change'),
    })
    .onConflict((conflict) => conflict.doNothing()),
)
const selectOfRow = prepare<RowId>()((slot) =>
  query
    .selectFrom('deferred')
    .select(['seq', 'reason', 'change'])
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key'))
    .orderBy('seq'),
)
const selectUnknownAfter = prepare<{ seq: number; limit: number }>()((slot) =>
  query
    .selectFrom('deferred')
    .select(['seq', 'gseq', 'change'])
    .where('reason', '=', 'unknown')
    .where('seq', '>', slot('seq'))
    .orderBy('seq')
    .limit(slot('limit')),
)
const deleteDeferred = prepare<{ seq: number }>()((slot) =>
  query.deleteFrom('deferred').where('seq', '=', slot('seq')),
)

/**
 * Defers a change until its row arrives, unless it adds nothing to the deferred ones. Superseded changes are deleted, so
 * a row never has more deferred changes than fields.
 */
export function deferForRow(tx: Tx, change: Fact): void {
  const row = rowIdOf(change)
  insertChanges(tx, row, withoutRedundant([...takeDeferred(tx, row), change]))
}

/** Defers a change of a newer program until this program is upgraded. Its blob stays referenced meanwhile. */
export function deferUnknown(tx: Tx, change: Change, gseq: number): void {
  const values = { ...rowIdOf(change), reason: 'unknown', id: change.id, gseq } as const
  tx.run(insertDeferred, { ...values, change: JSON.stringify(change) })
  const blob = blobOf(change)
  if (blob === undefined) return
  addRef(tx, deferredRowId(change), blob)
  setRefEntry(tx, deferredRowId(change), blob, gseq)
}

/** A deferred change of a newer program, with its position in the change log. */
export interface UnknownChange {
  seq: number
  gseq: number
  change: Change
}

export function listUnknownChanges(reader: Reader, after: number, limit: number): UnknownChange[] {
  const rows = reader.all(selectUnknownAfter, { seq: after, limit })
  return rows.map(({ change, ...row }) => ({ ...row, change: JSON.parse(change) as Change }))
}

/** Removes a deferred change of a newer program, and its blob reference, once it is applied. */
export function removeUnknown(tx: Tx, { seq, change }: UnknownChange): void {
  tx.run(deleteDeferred, { seq })
  const blob: BlobRef | undefined = blobOf(change)
  if (blob !== undefined) removeRef(tx, deferredRowId(change), blob)
}

/** All deferred changes of a row, whatever the reason. */
export function listDeferred(reader: Reader, row: RowId): Fact[] {
  return reader.all(selectOfRow, row).map(({ change }) => JSON.parse(change) as Fact)
}

/** Removes and returns the changes that are deferred until a row arrives. */
export function takeDeferred(tx: Tx, row: RowId): Fact[] {
  const deferred = tx.all(selectOfRow, row).filter(({ reason }) => reason === 'row')
  for (const { seq } of deferred) tx.run(deleteDeferred, { seq })
  return deferred.map(({ change }) => JSON.parse(change) as Fact)
}

/** Replaces each change that is deferred until a row arrives. */
export function replaceDeferred(tx: Tx, row: RowId, replace: (change: Fact) => Fact): void {
  insertChanges(tx, row, takeDeferred(tx, row).map(replace))
}

const rowIdOf = (change: Fact): RowId => ({ kind: kindOf(change), key: change.key })

/** A row without any field. */
const EMPTY_ROW: Row = { cells: {}, created_stamp: ZERO_STAMP, stamps: {} }

function insertChanges(tx: Tx, row: RowId, changes: Fact[]): void {
  for (const change of changes)
    tx.run(insertDeferred, { ...row, reason: 'row', id: null, gseq: 0, change: JSON.stringify(change) })
}

/** An unknown change references its blob under its own id, since its row's reference is unknown. */
function deferredRowId({ id }: Change): RowId {
  return { kind: 'deferred', key: id }
}

/** Drops changes that add nothing to those of higher precedence. The result does not depend on the order of arrival. */
function withoutRedundant(changes: Fact[]): Fact[] {
  const byPrecedence = changes
    .map((change) => ({ change, rank: `${change.stamp} ${JSON.stringify(change)}` }))
    .sort((a, b) => (a.rank < b.rank ? 1 : -1))
    .map(({ change }) => change)
  let row = EMPTY_ROW
  return byPrecedence.filter((change) => {
    const before = row
    row = merge(row, change) as Row
    return row !== before
  })
}
