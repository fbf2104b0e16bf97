import { hash } from 'node:crypto'
import { setRefEntry } from '../../blobs/blob-refs.js'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database, Tx } from '../../db/engine/database.js'
import { readMeta, writeMeta } from '../../db/meta.js'
import { addDeadLetter } from '../../db/regional/dead-letters.js'
import { type AppliedChange, isDeleted, noteLogged } from '../../db/regional/replica.js'
import { deferUnknown } from '../../db/regional/unknown-changes.js'
import { hasUnpublished, isSameRow, markPublished } from '../../db/regional/unpublished.js'
import type { Journal } from '../../domain/journal.js'
import { isTransientError } from '../../lib/storage-fault.js'
import { blobOf, type Change, kindOf, MAX_CHANGE_BYTES, stampsOf } from '../../model/change.js'
import { readChange } from '../../model/change-reader.js'
import { later, ZERO_STAMP } from '../../model/clock.js'
import { merge } from '../../model/merge.js'
import { type Blob, type Cursor, type MessageOf, ProtocolError } from '../protocol.js'

type Entry = MessageOf<'entries'>['entries'][number]

/** A change at its position in the log, parsed and as text. */
interface PositionedChange {
  gseq: number
  /** When the log took it, milliseconds since 1970. */
  loggedAt: number
  text: string
  change: Change
  /** The part of the change that this program understands. */
  known: Change | undefined
}

/** Shared by all entries of one unit of work. */
interface Unit {
  /** Small blobs sent with the entries, by hash. */
  bytes: Map<string, Buffer>
  /** The epoch of this database. */
  epoch: string | undefined
  /** Whether rows remain to be republished to a grand that lost its log. */
  republishing: boolean
}

type Apply = (tx: Tx, positioned: PositionedChange, unit: Unit) => void

/** Entries per unit of work, so that local writes wait briefly. */
const UNIT_ENTRIES = 128

/** Consecutive entries of the log, and the cursor after them. */
interface LogRun {
  entries: Entry[]
  cursor: Cursor
}

export interface ApplierDeps {
  db: Database
  blobs: BlobStore
  journal: Journal
  server: string
  now: () => number
  onDeadLetter: (gseq: number, reason: string) => void
}

/** Applies entries of the grand's log: their effects and the cursor after them commit in one transaction. */
export class Applier {
  readonly #deps: ApplierDeps

  constructor(deps: ApplierDeps) {
    this.#deps = deps
  }

  /**
   * Applies the entries after a cursor, in order.
   * @returns the cursor after them, durable
   * @throws ProtocolError if the entries break the hash chain, or a blob does not match its hash
   */
  async apply(entries: Entry[], blobs: Blob[], cursor: Cursor): Promise<Cursor> {
    const bytes = new Map(blobs.map((blob) => [blob.sha256, verified(blob)]))
    verifyChain(entries, cursor)
    const runs = splitIntoRuns(entries, cursor)
    await this.#write(runs, bytes)
    return runs.at(-1)?.cursor ?? cursor
  }

  /** Writes all runs. If an entry fails, writes the remaining ones again with a savepoint per entry, so that only it is rejected. */
  async #write(runs: LogRun[], bytes: Map<string, Buffer>): Promise<void> {
    const { db } = this.#deps
    const write = (batch: LogRun[], apply: Apply) =>
      db.writeSeries(batch.map((run) => (tx) => this.#applyUnit(tx, run, bytes, apply)))
    try {
      await write(runs, (tx, positioned, unit) => this.#applyOne(tx, positioned, unit))
    } catch (error) {
      if (isTransientError(error)) throw error
      const appliedGseq = storedCursor(db)?.gseq ?? 0
      const remaining = runs.filter(({ cursor }) => cursor.gseq > appliedGseq)
      await write(remaining, (tx, positioned, unit) => this.#applyOrReject(tx, positioned, unit))
    }
  }

  #applyUnit(tx: Tx, { entries, cursor }: LogRun, bytes: Map<string, Buffer>, apply: Apply): void {
    const changes = entries.flatMap((entry) => this.#changeOf(tx, entry) ?? [])
    const unit = { bytes, epoch: readMeta(tx, 'epoch'), republishing: hasUnpublished(tx) }
    for (const positioned of changes) apply(tx, positioned, unit)
    const highest = changes.flatMap(({ change }) => stampsOf(change)).reduce(later, ZERO_STAMP)
    this.#deps.journal.observe(tx, highest)
    writeMeta(tx, 'log_clock', later(readMeta(tx, 'log_clock') ?? ZERO_STAMP, highest))
    writeMeta(tx, 'cursor', JSON.stringify(cursor))
  }

  /** Parses the change of an entry; an invalid one becomes a dead letter. */
  #changeOf(tx: Tx, { gseq, logged_at, change: text }: Entry): PositionedChange | undefined {
    const change = parse(text)
    const read = readChange(change)
    if ('understood' in read)
      return { gseq, loggedAt: logged_at, text, change: change as Change, known: read.understood }
    this.#addDeadLetter(tx, gseq, text, read.fault)
    return undefined
  }

  #applyOrReject(tx: Tx, positioned: PositionedChange, unit: Unit): void {
    try {
      tx.attempt(() => this.#applyOne(tx, positioned, unit))
    } catch (error) {
      if (isTransientError(error)) throw error
      this.#addDeadLetter(tx, positioned.gseq, positioned.text, (error as Error).message)
    }
  }

  #applyOne(
    tx: Tx,
    { gseq, loggedAt, change, known }: PositionedChange,
    { bytes, epoch, republishing }: Unit,
  ): void {
    const blob = blobOf(change)
    if (blob !== undefined) this.#storeBlob(tx, blob.sha256, bytes)
    // A change of this epoch of this server was applied when it was recorded.
    const isOwn = change.origin === this.#deps.server && change.epoch === epoch
    if (known !== change && !isDeleted(tx, { kind: kindOf(change), key: change.key }))
      deferUnknown(tx, change, gseq)
    const applied = isOwn || known === undefined ? undefined : this.#deps.journal.apply(tx, known)
    if (known !== undefined) noteLogged(tx, known, loggedAt)
    if (blob !== undefined) setRefEntry(tx, { kind: kindOf(change), key: change.key }, blob, gseq)
    if (republishing && known === change && applied !== undefined) notePublished(tx, change, applied)
  }

  #storeBlob(tx: Tx, sha256: string, bytes: Map<string, Buffer>): void {
    const content = bytes.get(sha256)
    if (content === undefined) return
    this.#deps.blobs.store(tx, { sha256, size: content.length, content }, new Date(this.#deps.now()))
  }

  #addDeadLetter(tx: Tx, gseq: number, text: string, reason: string): void {
    addDeadLetter(tx, gseq, text.slice(0, MAX_CHANGE_BYTES), reason)
    tx.afterCommit(() => this.#deps.onDeadLetter(gseq, reason))
  }
}

/** Returns the position up to which the log is durably applied; null before its first entry. */
export function storedCursor(db: Database): Cursor | null {
  const cursor = readMeta(db, 'cursor')
  return cursor === undefined ? null : JSON.parse(cursor)
}

function splitIntoRuns(entries: Entry[], { log_id }: Cursor): LogRun[] {
  const runs: LogRun[] = []
  for (let from = 0; from < entries.length; from += UNIT_ENTRIES) {
    const slice = entries.slice(from, from + UNIT_ENTRIES)
    const { gseq, ghash } = slice.at(-1) as Entry
    runs.push({ entries: slice, cursor: { log_id, gseq, ghash } })
  }
  return runs
}

/** A row whose whole state is in this one entry needs no snapshot change. */
function notePublished(tx: Tx, change: Change, { after }: AppliedChange): void {
  const merged = merge(undefined, change)
  if (merged !== undefined && after !== undefined && isSameRow(merged, after))
    markPublished(tx, { kind: kindOf(change), key: change.key })
}

/** Verifies the hash chain: each hash covers the previous hash and the entry's text, so an altered log is detected. */
function verifyChain(entries: Entry[], cursor: Cursor): void {
  let { gseq, ghash } = cursor
  for (const entry of entries) {
    gseq += 1
    ghash = hash('sha256', ghash + entry.change)
    if (entry.gseq !== gseq || entry.ghash !== ghash)
      throw new ProtocolError(`entry ${entry.gseq} breaks the chain`)
  }
}

function verified({ sha256, bytes }: Blob): Buffer {
  if (hash('sha256', bytes) !== sha256) {
    throw new ProtocolError(`blob ${sha256} does not match its hash`)
  }
  return bytes
}

function parse(text: string): Change | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
