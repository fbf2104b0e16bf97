import type { Reader } from '../../src/db/engine/database.js'
import { listDeferred } from '../../src/db/regional/deferred.js'
import { readRow } from '../../src/db/regional/replica.js'
import { type Change, type Fact, kindOf } from '../../src/model/change.js'
import { tableOf } from '../../src/model/change-types.js'
import { later, ZERO_STAMP } from '../../src/model/clock.js'
import { merge, type Row, tombstoneOf } from '../../src/model/merge.js'
import type { SimulatedGrand, SimulatedRegional } from './servers.js'
import { isUnknown, UnknownChanges } from './unknown-changes.js'

interface Entry {
  fact: RecordedFact
  /** Every server must have it in the end; false once the last disk that stored it was lost. */
  isDue: boolean
  /** How often its origin had lost its disk before. */
  era: number
  /** The origin's epoch when it was first seen. */
  epoch: string
  /** It is a copy of another change, with the new id and stamp that restamping gave it. */
  isCopy: boolean
}

type RecordedFact = Fact & Pick<Change, 'id' | 'origin'>

/**
 * Records every acknowledged change. A change may only be lost if the disk of the last server that had it was wiped or
 * restored from a backup.
 */
export class Ledger {
  readonly unknown: UnknownChanges
  readonly #regionals: SimulatedRegional[]
  readonly #grand: SimulatedGrand
  readonly #entries = new Map<string, Entry>()
  /** The last `oseq` read from an outbox, by epoch. */
  readonly #readUpTo = new Map<string, number>()
  readonly #eras = new Map<string, number>()
  /** Acknowledged blobs by hash; true while they must not be lost. */
  readonly #blobs = new Map<string, boolean>()

  constructor(regionals: SimulatedRegional[], grand: SimulatedGrand) {
    this.unknown = new UnknownChanges(regionals, grand)
    this.#regionals = regionals
    this.#grand = grand
  }

  /** Counts the acknowledged changes, and those among them that were lost legitimately. */
  get counts(): { acknowledged: number; lost: number } {
    const entries = [...this.#entries.values()].filter(({ isCopy }) => !isCopy)
    return { acknowledged: entries.length, lost: entries.filter(({ isDue }) => !isDue).length }
  }

  /** Records the new changes in a regional's outbox. */
  recordOutbox(regional: SimulatedRegional): void {
    const { reader } = regional
    const epoch = epochOf(reader)
    const after = this.#readUpTo.get(epoch) ?? 0
    for (const { oseq, kept } of outboxOf(reader, after)) {
      this.#readUpTo.set(epoch, oseq)
      if (isUnknown(kept)) {
        this.unknown.add(kept.key)
        continue
      }
      // A snapshot change adds no information.
      if (kept.stamps !== undefined || this.#entries.has(kept.id)) continue
      this.#entries.set(kept.id, {
        fact: kept,
        isDue: true,
        era: this.#eras.get(regional.name) ?? 0,
        epoch,
        isCopy: false,
      })
      if (kept.type === 'file.uploaded') this.#blobs.set(String(kept.fields.sha256), true)
    }
  }

  /** Records that a regional restamped the changes that the grand did not have; its outbox has new ids from now on. */
  recordRestamped(regional: SimulatedRegional, renewed: Map<string, string>): void {
    this.recordOutbox(regional)
    const epoch = epochOf(regional.reader)
    const highest = [...renewed.values()].reduce(later, ZERO_STAMP)
    for (const [id, entry] of this.#entries) {
      if (entry.fact.origin !== regional.name || this.#isLogged(id)) continue
      // The new epoch contains the copies, and above their stamps the changes made since, even in the same commit.
      if (entry.epoch === epoch) entry.isCopy = entry.fact.stamp <= highest
      else entry.fact = restampedFact(entry.fact, renewed)
    }
    // A change that its origin has lost may have been overwritten by one with a high stamp, which has a lower stamp
    // now.
    for (const [id, entry] of this.#entries) {
      const { fact, era } = entry
      if (era < (this.#eras.get(fact.origin) ?? 0)) entry.isDue &&= this.#isStored(id, fact)
    }
  }

  /** Records that a server lost its disk: changes and blobs that no other server has may be lost. */
  recordDiskLoss(server: string): void {
    this.#eras.set(server, (this.#eras.get(server) ?? 0) + 1)
    // A restored outbox assigns `oseq` values again that were already read.
    this.#readUpTo.clear()
    for (const [id, entry] of this.#entries) {
      if (entry.isDue && !this.#isStored(id, entry.fact)) entry.isDue = false
    }
    this.unknown.recordDiskLoss()
    for (const [sha256, isDue] of this.#blobs) {
      if (isDue && !this.#storesBlob(sha256)) this.#blobs.set(sha256, false)
    }
  }

  /** Whether a blob may be missing on every server. */
  mayMiss(sha256: string): boolean {
    return this.#blobs.get(sha256) !== true
  }

  /** Finds changes that lose against an earlier change of the same origin to the same field. */
  faultsOfOrder(): string[] {
    const latest = new Map<string, RecordedFact>()
    const faults: string[] = []
    for (const { fact, isDue, era, isCopy } of this.#entries.values()) {
      for (const field of isDue && !isCopy ? Object.keys(fact.fields) : []) {
        const fieldId = `${fact.origin} ${era} ${fact.key} ${field}`
        const before = latest.get(fieldId)
        if (before === undefined || before.stamp <= fact.stamp) latest.set(fieldId, fact)
        else
          faults.push(`${JSON.stringify(fact)} loses against ${JSON.stringify(before)}, which came before it`)
      }
    }
    return faults
  }

  /** Lists the changes that a regional must have but does not reflect. */
  faultsOf(regional: SimulatedRegional): string[] {
    const due = [...this.#entries].filter(([, { isDue }]) => isDue)
    return due
      .filter(
        ([, { fact }]) => !isReflected(regional.reader, fact) && !this.#isDeferredForLost(regional, fact),
      )
      .map(([, { fact }]) => {
        const row = readRow(regional.reader, tableOf(fact.type), fact.key)
        return `${regional.name} lacks ${JSON.stringify(fact)}, it has ${JSON.stringify(row)}`
      })
  }

  /** Whether a change is deferred for a row that was itself lost legitimately. */
  #isDeferredForLost({ reader }: SimulatedRegional, fact: Fact): boolean {
    const creations = [...this.#entries.values()].filter(
      (entry) => entry.fact.key === fact.key && merge(undefined, entry.fact) !== undefined,
    )
    return creations.length > 0 && creations.every(({ isDue }) => !isDue) && isDeferred(reader, fact)
  }

  #isStored(id: string, fact: Fact): boolean {
    if (this.#isLogged(id)) return true
    return this.#regionals.some(({ reader }) => isReflected(reader, fact) || isDeferred(reader, fact))
  }

  #isLogged(id: string): boolean {
    return this.#grand.reader.get({ sql: LOGGED, parameters: [id] }) !== undefined
  }

  #storesBlob(sha256: string): boolean {
    const all = [this.#grand, ...this.#regionals]
    return all.some(({ reader }) => reader.get({ sql: BLOB, parameters: [sha256] }) !== undefined)
  }
}

/**
 * Restamps a change. A change that was already overwritten has no new stamp of its own. It gets one just below the
 * stamp of its successor, so that the order stays.
 */
function restampedFact(fact: RecordedFact, renewed: Map<string, string>): RecordedFact {
  // The clock was behind: every change that is due has a later stamp, and the others keep theirs.
  const isAdvance = [...renewed].every(([old, stamp]) => stamp > old)
  if (isAdvance) return { ...fact, stamp: renewed.get(fact.stamp) ?? fact.stamp }
  const olds = [...renewed.keys()].sort()
  const anew = (stamp: string) => {
    const before = olds.filter((old) => old <= stamp).at(-1)
    const floor = before === undefined ? withoutOrigin(renewed.get(olds[0] ?? '')) : renewed.get(before)
    return before === stamp || (floor ?? stamp) < stamp ? (floor as string) : stamp
  }
  return { ...fact, stamp: anew(fact.stamp) }
}

/** Strips the origin off a stamp: above every stamp of an earlier moment, and below the given one. */
function withoutOrigin(stamp: string | undefined): string | undefined {
  return stamp?.slice(0, stamp.indexOf('-', stamp.indexOf('-') + 1) + 1)
}

const EPOCH = { sql: "select value from meta where key = 'epoch'", parameters: [] }
const LOGGED = 'select 1 from log where id = ?'
const DELETED = 'select 1 from users where id = ? and deleted = 1'
const BLOB = 'select 1 from blobs where sha256 = ?'

function epochOf(reader: Reader): string {
  return reader.get<unknown, { value: string }>(EPOCH)?.value ?? ''
}

function outboxOf(reader: Reader, after: number): { oseq: number; kept: RecordedFact }[] {
  const sql = 'select oseq, change from outbox where oseq > ? order by oseq'
  const rows = reader.all<unknown, { oseq: number; change: string }>({ sql, parameters: [after] })
  return rows.map(({ oseq, change }) => ({ oseq, kept: JSON.parse(change) as RecordedFact }))
}

/** Whether a row includes the effect of a change: merging the change again leaves the row as it is. */
function isReflected(reader: Parameters<typeof readRow>[0], fact: Fact): boolean {
  const table = tableOf(fact.type)
  const row = readRow(reader, table, fact.key)
  if (row === undefined) return false
  // The deletion of an account implies that its files are deleted, and each server tombstones them on its own without a
  // change. So a lost deletion of such a file changes no state.
  const isTombstone = reader.get({ sql: DELETED, parameters: [row.cells.owner_id ?? ''] }) !== undefined
  const standing = isTombstone ? tombstoneOf(table, row) : row
  return merge(standing, fact) === standing
}

/** Whether deferred changes include the effect of a change. */
function isDeferred(reader: Reader, fact: Fact): boolean {
  const row = mergedDeferred(listDeferred(reader, { kind: kindOf(fact), key: fact.key }))
  return row !== undefined && merge(undefined, fact) === undefined && merge(row, fact) === row
}

/** Merges deferred changes of one row, as if the row existed. */
export function mergedDeferred(changes: Fact[]): Row | undefined {
  const open: Row = { cells: {}, created_stamp: ZERO_STAMP, stamps: {} }
  return changes.length === 0 ? undefined : changes.reduce((row, change) => merge(row, change) as Row, open)
}
