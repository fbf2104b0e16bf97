import { hash } from 'node:crypto'
import { setRefEntry } from '../../blobs/blob-refs.js'
import type { BlobStore } from '../../blobs/blob-store.js'
import type { Database, Tx } from '../../db/engine/database.js'
import { readMeta, writeMeta } from '../../db/meta.js'
import { addDeadLetter } from '../../db/regional/dead-letters.js'
import { deferUnknown } from '../../db/regional/deferred.js'
import type { AppliedChange } from '../../db/regional/replica.js'
import { hasUnpublished, isSameRow, markPublished } from '../../db/regional/unpublished.js'
import type { Journal } from '../../domain/journal.js'
import { isTransientError } from '../../lib/storage-fault.js'
import { blobOf, type Change, kindOf, MAX_CHANGE_BYTES, stampsOf } from '../../model/change.js'
import { readChange } from '../../model/change-reader.js'
import { later, ZERO_STAMP } from '../../model/clock.js'
import { merge } from '../../model/merge.js'
import { type Blob, type Cursor, type MessageOf, ProtocolError } from '../protocol.js'

type Entry = MessageOf<'entries'>['entries'][number]

/** A change at its position in the log, as it is and as it was sent. */
interface PositionedChange {
  gseq: number
  text: string
  change: Change
  /** What this program understands of it. */
  known: Change | undefined
}

/** What holds for all entries of one unit of work. */
interface Unit {
  /** Small bytes that came with them. */
  bytes: Map<string, Buffer>
  /** Of this database. */
  epoch: string | undefined
  /** Whether rows still have to be republished to a grand that lost its log. */
  republishing: boolean
}

type Apply = (tx: Tx, one: PositionedChange, unit: Unit) => void

/** Entries in one unit of work: local requests wait for no more than so many. */
const UNIT = 128

/** Entries of the log that follow each other, and the cursor behind them. */
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

/** Applies entries of the grand's log: their effects and the cursor behind them are one transaction. */
export class Applier {
  readonly #deps: ApplierDeps

  constructor(options: ApplierDeps) {
    this.#deps = options
  }

  /**
   * Applies entries that follow a cursor, in order.
   * @returns the cursor behind them, durable
   * @throws ProtocolError when they do not follow, or bytes are not those that they claim to be
   */
  async apply(entries: Entry[], blobs: Blob[], cursor: Cursor): Promise<Cursor> {
    const bytes = new Map(blobs.map((blob) => [blob.sha256, verified(blob)]))
    verifyChain(entries, cursor)
    const stretches = splitByLog(entries, cursor)
    await this.#write(stretches, bytes)
    return stretches.at(-1)?.cursor ?? cursor
  }

  /** Together; where one cannot be applied each by itself, for then every one has to be taken back alone. */
  async #write(stretches: LogRun[], bytes: Map<string, Buffer>): Promise<void> {
    const { db } = this.#deps
    const write = (some: LogRun[], apply: Apply) =>
      db.writeSeries(some.map((stretch) => (tx) => this.#applyUnit(tx, stretch, bytes, apply)))
    try {
      await write(stretches, (tx, one, unit) => this.#applyOne(tx, one, unit))
    } catch (error) {
      if (isTransientError(error)) throw error
      const done = storedCursor(db)?.gseq ?? 0
      const left = stretches.filter(({ cursor }) => cursor.gseq > done)
      await write(left, (tx, one, unit) => this.#applyOrReject(tx, one, unit))
    }
  }

  #applyUnit(tx: Tx, { entries, cursor }: LogRun, bytes: Map<string, Buffer>, apply: Apply): void {
    const changes = entries.flatMap((entry) => this.#changeOf(tx, entry) ?? [])
    const unit = { bytes, epoch: readMeta(tx, 'epoch'), republishing: hasUnpublished(tx) }
    for (const one of changes) apply(tx, one, unit)
    const highest = changes.flatMap(({ change }) => stampsOf(change)).reduce(later, ZERO_STAMP)
    this.#deps.journal.observe(tx, highest)
    writeMeta(tx, 'log_clock', later(readMeta(tx, 'log_clock') ?? ZERO_STAMP, highest))
    writeMeta(tx, 'cursor', JSON.stringify(cursor))
  }

  /** The change of an entry; undefined for what is none, which becomes a dead letter. */
  #changeOf(tx: Tx, { gseq, change: text }: Entry): PositionedChange | undefined {
    const change = parse(text)
    const read = readChange(change)
    if ('understood' in read) return { gseq, text, change: change as Change, known: read.understood }
    this.#addDeadLetter(tx, gseq, text, read.fault)
    return undefined
  }

  #applyOrReject(tx: Tx, one: PositionedChange, unit: Unit): void {
    try {
      tx.attempt(() => this.#applyOne(tx, one, unit))
    } catch (error) {
      if (isTransientError(error)) throw error
      this.#addDeadLetter(tx, one.gseq, one.text, (error as Error).message)
    }
  }

  #applyOne(tx: Tx, { gseq, change, known }: PositionedChange, { bytes, epoch, republishing }: Unit): void {
    const blob = blobOf(change)
    if (blob !== undefined) this.#storeBlobs(tx, blob.sha256, bytes)
    // Of this very incarnation: it was applied when it was made.
    const isOwn = change.origin === this.#deps.server && change.epoch === epoch
    if (!isOwn && known !== change) deferUnknown(tx, change, gseq)
    const applied = isOwn || known === undefined ? undefined : this.#deps.journal.apply(tx, known)
    if (blob !== undefined) setRefEntry(tx, { kind: kindOf(change), key: change.key }, blob, gseq)
    if (republishing && known === change && applied !== undefined) notePublished(tx, change, applied)
  }

  #storeBlobs(tx: Tx, sha256: string, bytes: Map<string, Buffer>): void {
    const content = bytes.get(sha256)
    if (content === undefined) return
    this.#deps.blobs.store(tx, { sha256, size: content.length, content }, new Date(this.#deps.now()))
  }

  #addDeadLetter(tx: Tx, gseq: number, text: string, reason: string): void {
    addDeadLetter(tx, gseq, text.slice(0, MAX_CHANGE_BYTES), reason)
    tx.afterCommit(() => this.#deps.onDeadLetter(gseq, reason))
  }
}

/** Up to where the log is applied, durably; null before its first entry. */
export function storedCursor(db: Database): Cursor | null {
  const cursor = readMeta(db, 'cursor')
  return cursor === undefined ? null : JSON.parse(cursor)
}

function splitByLog(entries: Entry[], { log_id }: Cursor): LogRun[] {
  const stretches: LogRun[] = []
  for (let from = 0; from < entries.length; from += UNIT) {
    const some = entries.slice(from, from + UNIT)
    const { gseq, ghash } = some.at(-1) as Entry
    stretches.push({ entries: some, cursor: { log_id, gseq, ghash } })
  }
  return stretches
}

/** A row that this entry alone has whole needs no snapshot. */
function notePublished(tx: Tx, change: Change, { after }: AppliedChange): void {
  const alone = merge(undefined, change)
  if (alone !== undefined && after !== undefined && isSameRow(alone, after))
    markPublished(tx, { kind: kindOf(change), key: change.key })
}

/** Each entry's hash is that of the hash before it and its text, so a log that was altered cannot pass for the same. */
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
    throw new ProtocolError(`the bytes sent as ${sha256} are others`)
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
