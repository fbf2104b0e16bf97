/**
 * Changes of newer programs, which this one does not understand completely. They wait in `deferred` for an upgrade, and
 * their blobs stay referenced meanwhile. Even without knowing a table, this program relies on two conventions: the latch
 * `deleted` ends a row and its reference, and `owner_id` names the account with which the row ends.
 */
import { addRef, type RowId, removeRef, setRefEntry } from '../../blobs/blob-refs.js'
import { blobOf, type Change, kindOf } from '../../model/change.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

/** A deferred change of a newer program, with its position in the change log; 0 while that is unknown. */
export interface UnknownChange {
  seq: number
  gseq: number
  change: Change
}

const upsertUnknown = prepare<
  RowId & { id: string; gseq: number; owner_id: string | null; change: string }
>()((slot) =>
  query
    .insertInto('deferred')
    .values({
      kind: slot('kind'),
      key: slot('key'),
      reason: 'unknown',
      id: slot('id'),
      gseq: slot('gseq'),
      owner_id: slot('owner_id'),
      change: slot('change'),
    })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ gseq: slot('gseq') })
        .where('deferred.gseq', '=', 0),
    ),
)
const selectAfter = prepare<{ seq: number; limit: number }>()((slot) =>
  query
    .selectFrom('deferred')
    .select(['seq', 'gseq', 'change'])
    .where('reason', '=', 'unknown')
    .where('seq', '>', slot('seq'))
    .orderBy('seq')
    .limit(slot('limit')),
)
const selectOfRow = prepare<RowId>()((slot) =>
  query
    .selectFrom('deferred')
    .select(['seq', 'gseq', 'change'])
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key'))
    .where('reason', '=', 'unknown'),
)
const selectOfOwner = prepare<{ owner_id: string }>()((slot) =>
  query.selectFrom('deferred').select(['seq', 'gseq', 'change']).where('owner_id', '=', slot('owner_id')),
)
const deleteUnknown = prepare<{ seq: number }>()((slot) =>
  query.deleteFrom('deferred').where('seq', '=', slot('seq')),
)
/** Reads them all: it runs once for each log that replaces a lost one. */
const clearPositions = { sql: "update deferred set gseq = 0 where reason = 'unknown'", parameters: [] }
const selectDeletedUser = prepare<{ id: string }>()((slot) =>
  query.selectFrom('users').select('id').where('id', '=', slot('id')).where('deleted', '=', 1),
)

/** Defers a change until this program is upgraded. A known id only gets its position. */
export function deferUnknown(tx: Tx, change: Change, gseq: number): void {
  const row = { kind: kindOf(change), key: change.key }
  const { owner_id: owner } = change.fields as Record<string, unknown>
  const owner_id = typeof owner === 'string' ? owner : null
  tx.run(upsertUnknown, { ...row, id: change.id, gseq, owner_id, change: JSON.stringify(change) })
  const all = listOfRow(tx, row)
  const isEnded = isOwnerDeleted(tx, owner_id) || all.some((unknown) => isTombstone(unknown.change))
  if (isEnded) endRefs(tx, all)
  const blob = blobOf(change)
  if (isEnded || blob === undefined) return
  addRef(tx, refOf(change), blob)
  setRefEntry(tx, refOf(change), blob, gseq)
}

export function listUnknownChanges(reader: Reader, after: number, limit: number): UnknownChange[] {
  return reader.all(selectAfter, { seq: after, limit }).map(parse)
}

/** Removes a change and its blob reference. */
export function removeUnknown(tx: Tx, unknown: UnknownChange): void {
  tx.run(deleteUnknown, { seq: unknown.seq })
  endRefs(tx, [unknown])
}

/** Removes the unknown changes of a row that is deleted: they could only fill it with data that it has to lose. */
export function removeUnknownOfRow(tx: Tx, row: RowId): void {
  for (const unknown of listOfRow(tx, row)) removeUnknown(tx, unknown)
}

/** Ends the blob references of the unknown rows of a deleted account. */
export function endUnknownRefsOfAccount(tx: Tx, owner_id: string): void {
  endRefs(tx, tx.all(selectOfOwner, { owner_id }).map(parse))
}

/** Clears all positions, after the grand's log was replaced. */
export function clearUnknownPositions(tx: Tx): void {
  tx.run(clearPositions)
}

function endRefs(tx: Tx, unknowns: UnknownChange[]): void {
  for (const { change } of unknowns) {
    const blob = blobOf(change)
    if (blob !== undefined) removeRef(tx, refOf(change), blob)
  }
}

function isOwnerDeleted(tx: Tx, owner_id: string | null): boolean {
  return owner_id !== null && tx.get(selectDeletedUser, { id: owner_id }) !== undefined
}

function listOfRow(reader: Reader, row: RowId): UnknownChange[] {
  return reader.all(selectOfRow, { kind: row.kind, key: row.key }).map(parse)
}

function isTombstone({ fields }: Change): boolean {
  return fields['deleted'] === true
}

/** An unknown change references its blob under its own id, since its row's reference is unknown. */
function refOf({ id }: Change): RowId {
  return { kind: 'deferred', key: id }
}

function parse<Row extends { change: string }>({ change, ...row }: Row) {
  return { ...row, change: JSON.parse(change) as Change }
}
