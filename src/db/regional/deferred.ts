/**
 * Deferred changes: their row has not arrived yet, or a newer program made them (unknown-changes.ts). They are applied when
 * the row arrives or after an upgrade, and republished together with their row.
 */

import type { RowId } from '../../blobs/blob-refs.js'
import { bareFact, type Fact, kindOf } from '../../model/change.js'
import { ZERO_STAMP } from '../../model/clock.js'
import { merge, type Row } from '../../model/merge.js'
import type { Reader, Tx } from '../engine/database.js'
import { prepare } from '../engine/query.js'
import { query } from '../tables.js'

const insertDeferred = prepare<RowId & { change: string }>()((slot) =>
  query
    .insertInto('deferred')
    .values({ kind: slot('kind'), key: slot('key'), reason: 'row', gseq: 0, change: slot('change') }),
)
const selectOfRow = prepare<RowId>()((slot) =>
  query
    .selectFrom('deferred')
    .select(['seq', 'reason', 'id', 'change'])
    .where('kind', '=', slot('kind'))
    .where('key', '=', slot('key'))
    .orderBy('seq'),
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

/**
 * All deferred changes of a row, as they are republished. Those of newer programs keep their ids: every server has them,
 * and the change log takes each once.
 */
export function listDeferred(reader: Reader, row: RowId): (Fact & { id?: string })[] {
  return reader.all(selectOfRow, row).map(({ id, change }) => {
    return { ...bareFact(JSON.parse(change)), ...(id !== null && { id }) }
  })
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
  for (const change of changes) tx.run(insertDeferred, { ...row, change: JSON.stringify(change) })
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
