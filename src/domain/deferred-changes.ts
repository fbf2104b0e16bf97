import { setRefEntry } from '../blobs/blob-refs.js'
import type { Database, Tx } from '../db/engine/database.js'
import { addDeadLetter } from '../db/regional/dead-letters.js'
import { listUnknownChanges, removeUnknown, type UnknownChange } from '../db/regional/unknown-changes.js'
import { isTransientError } from '../lib/storage-fault.js'
import { blobOf, kindOf } from '../model/change.js'
import { readChange } from '../model/change-reader.js'
import type { Journal } from './journal.js'

const ROWS_PER_TRANSACTION = 100

/** Applies deferred changes of once unknown types and fields that this version knows; runs at startup, after an upgrade. */
export async function applyUnknownChanges(db: Database, journal: Journal): Promise<void> {
  for (let after = 0; ; ) {
    const page = listUnknownChanges(db, after, ROWS_PER_TRANSACTION)
    const last = page.at(-1)
    if (last === undefined) return
    await db.write((tx) => {
      for (const unknown of page) applyOrReject(tx, journal, unknown)
    })
    after = last.seq
  }
}

function applyOrReject(tx: Tx, journal: Journal, unknown: UnknownChange): void {
  try {
    tx.attempt(() => apply(tx, journal, unknown))
  } catch (error) {
    if (isTransientError(error)) throw error
    addDeadLetter(tx, unknown.gseq, JSON.stringify(unknown.change), (error as Error).message)
    removeUnknown(tx, unknown)
  }
}

function apply(tx: Tx, journal: Journal, unknown: UnknownChange): void {
  const { change, gseq } = unknown
  const read = readChange(change)
  if ('fault' in read) throw new Error(read.fault)
  if (read.understood === undefined) return
  journal.apply(tx, read.understood)
  const blob = blobOf(change)
  if (blob !== undefined) setRefEntry(tx, { kind: kindOf(change), key: change.key }, blob, gseq)
  if (read.isComplete) removeUnknown(tx, unknown)
}
