import type { Reader } from '../../src/db/engine/database.js'
import { listDeferred } from '../../src/db/regional/deferred.js'
import { readRow } from '../../src/db/regional/replica.js'
import { type Change, type Fact, kindOf } from '../../src/model/change.js'
import { tableOf } from '../../src/model/change-types.js'
import { later, ZERO_STAMP } from '../../src/model/clock.js'
import { merge, type Row } from '../../src/model/merge.js'
import type { SimulatedGrand, SimulatedRegional } from './servers.js'

interface Entry {
  fact: Kept
  /** It has to be on every server in the end; false once the last disk that held it was lost. */
  isOwed: boolean
  /** How often its origin had lost its disk by then. */
  era: number
  /** The epoch of its origin in which it was first seen. */
  epoch: string
  /** It says again what another one says, under the id that it got with its new stamp. */
  isCopy: boolean
}

type Kept = Fact & Pick<Change, 'id' | 'origin'>

/**
 * Everything that was acknowledged to somebody, and what of it is still owed: a change whose last holder's disk was
 * wiped or put back to an earlier time is lost lawfully, and nothing else is.
 */
export class Ledger {
  readonly #regionals: SimulatedRegional[]
  readonly #grand: SimulatedGrand
  readonly #entries = new Map<string, Entry>()
  /** Up to where each regional's outbox was read, by its epoch. */
  readonly #read = new Map<string, number>()
  readonly #eras = new Map<string, number>()
  /** Bytes that were acknowledged, by whether they are still owed. */
  readonly #bytes = new Map<string, boolean>()

  constructor(regionals: SimulatedRegional[], grand: SimulatedGrand) {
    this.#regionals = regionals
    this.#grand = grand
  }

  /** How many changes were acknowledged, and how many of them were lost lawfully. */
  get counts(): { acknowledged: number; lost: number } {
    const entries = [...this.#entries.values()].filter(({ isCopy }) => !isCopy)
    return { acknowledged: entries.length, lost: entries.filter(({ isOwed }) => !isOwed).length }
  }

  /** Takes down what a regional has just put into its outbox. */
  note(regional: SimulatedRegional): void {
    const { reader } = regional
    const epoch = epochOf(reader)
    const after = this.#read.get(epoch) ?? 0
    for (const { oseq, kept } of outboxOf(reader, after)) {
      this.#read.set(epoch, oseq)
      // What merely tells a row again is no news.
      if (kept.stamps !== undefined || this.#entries.has(kept.id)) continue
      this.#entries.set(kept.id, {
        fact: kept,
        isOwed: true,
        era: this.#eras.get(regional.name) ?? 0,
        epoch,
        isCopy: false,
      })
      if (kept.type === 'file.uploaded') this.#bytes.set(String(kept.fields.sha256), true)
    }
  }

  /** A regional has stamped anew what the grand did not have; what was in its outbox goes by other ids from now on. */
  restamped(regional: SimulatedRegional, renewed: Map<string, string>): void {
    this.note(regional)
    const epoch = epochOf(regional.reader)
    const highest = [...renewed.values()].reduce(later, ZERO_STAMP)
    for (const [id, entry] of this.#entries) {
      if (entry.fact.origin !== regional.name || this.#isLogged(id)) continue
      // The epoch that begins with it has the copies, and above them what was done since: in the same commit even.
      if (entry.epoch === epoch) entry.isCopy = entry.fact.stamp <= highest
      else entry.fact = moved(entry.fact, renewed)
    }
    // Some changes whose origin has lost them gave way to what was stamped too high, and does not outdo them any more.
    for (const [id, entry] of this.#entries) {
      const { fact, era } = entry
      if (era < (this.#eras.get(fact.origin) ?? 0)) entry.isOwed &&= this.#isHeld(id, fact)
    }
  }

  /** A server has lost its disk: what nobody holds any more is owed no more. */
  lost(server: string): void {
    this.#eras.set(server, (this.#eras.get(server) ?? 0) + 1)
    // An outbox that was put back hands out places anew that were read already.
    this.#read.clear()
    for (const [id, entry] of this.#entries) {
      if (entry.isOwed && !this.#isHeld(id, entry.fact)) entry.isOwed = false
    }
    for (const [sha256, isOwed] of this.#bytes) {
      if (isOwed && !this.#holdsBytes(sha256)) this.#bytes.set(sha256, false)
    }
  }

  /** Whether bytes that are missing everywhere are missing by right. */
  mayMiss(sha256: string): boolean {
    return this.#bytes.get(sha256) !== true
  }

  /** What was done on one server after something else there, and would have to give way to it. */
  faultsOfOrder(): string[] {
    const latest = new Map<string, Kept>()
    const faults: string[] = []
    for (const { fact, isOwed, era, isCopy } of this.#entries.values()) {
      for (const field of isOwed && !isCopy ? Object.keys(fact.fields) : []) {
        const place = `${fact.origin} ${era} ${fact.key} ${field}`
        const before = latest.get(place)
        if (before === undefined || before.stamp <= fact.stamp) latest.set(place, fact)
        else
          faults.push(`${JSON.stringify(fact)} gives way to ${JSON.stringify(before)}, which came before it`)
      }
    }
    return faults
  }

  /** What is owed and not in a regional's rows. */
  faultsOf(regional: SimulatedRegional): string[] {
    const owed = [...this.#entries].filter(([, { isOwed }]) => isOwed)
    return owed
      .filter(([, { fact }]) => !isReflected(regional.reader, fact) && !this.#waitsForLost(regional, fact))
      .map(([, { fact }]) => {
        const row = readRow(regional.reader, tableOf(fact.type), fact.key)
        return `${regional.name} lacks ${JSON.stringify(fact)}, it has ${JSON.stringify(row)}`
      })
  }

  /** Whether a change is there, and waits for a row that was itself lost by right. */
  #waitsForLost({ reader }: SimulatedRegional, fact: Fact): boolean {
    const creations = [...this.#entries.values()].filter(
      (entry) => entry.fact.key === fact.key && merge(undefined, entry.fact) !== undefined,
    )
    return creations.length > 0 && creations.every(({ isOwed }) => !isOwed) && isWaiting(reader, fact)
  }

  #isHeld(id: string, fact: Fact): boolean {
    if (this.#isLogged(id)) return true
    return this.#regionals.some(({ reader }) => isReflected(reader, fact) || isWaiting(reader, fact))
  }

  #isLogged(id: string): boolean {
    return this.#grand.reader.get({ sql: LOGGED, parameters: [id] }) !== undefined
  }

  #holdsBytes(sha256: string): boolean {
    const all = [this.#grand, ...this.#regionals]
    return all.some(({ reader }) => reader.get({ sql: BLOB, parameters: [sha256] }) !== undefined)
  }
}

/**
 * A change under the new stamp. One whose stamp no row bears had been overwritten: it keeps its place in the order, before
 * what took its place and behind all that kept its stamp.
 */
function moved(fact: Kept, renewed: Map<string, string>): Kept {
  const olds = [...renewed.keys()].sort()
  const anew = (stamp: string) => {
    const before = olds.filter((old) => old <= stamp).at(-1)
    const floor = before === undefined ? justBefore(renewed.get(olds[0] ?? '')) : renewed.get(before)
    return before === stamp || (floor ?? stamp) < stamp ? (floor as string) : stamp
  }
  const { password_stamp } = fact.fields
  const fields =
    password_stamp === undefined ? fact.fields : { ...fact.fields, password_stamp: anew(`${password_stamp}`) }
  return { ...fact, fields, stamp: anew(fact.stamp) }
}

/** Behind every stamp of an earlier moment, and before a given one: that without its origin. */
function justBefore(stamp: string | undefined): string | undefined {
  return stamp?.slice(0, stamp.indexOf('-', stamp.indexOf('-') + 1) + 1)
}

const EPOCH = { sql: "select value from meta where key = 'epoch'", parameters: [] }
const LOGGED = 'select 1 from log where id = ?'
const DELETED = 'select 1 from users where id = ? and deleted = 1'
const BLOB = 'select 1 from blobs where sha256 = ?'

function epochOf(reader: Reader): string {
  return reader.get<unknown, { value: string }>(EPOCH)?.value ?? ''
}

function outboxOf(reader: Reader, after: number): { oseq: number; kept: Kept }[] {
  const sql = 'select oseq, change from outbox where oseq > ? order by oseq'
  const rows = reader.all<unknown, { oseq: number; change: string }>({ sql, parameters: [after] })
  return rows.map(({ oseq, change }) => ({ oseq, kept: JSON.parse(change) as Kept }))
}

/** A row says all that a change says, or something that goes before it, if merging the change adds nothing. */
function isReflected(reader: Parameters<typeof readRow>[0], fact: Fact): boolean {
  const row = readRow(reader, tableOf(fact.type), fact.key)
  if (row === undefined) return false
  // What is merged says that the file of a deleted account is deleted; that each server buries it in its time, and tells
  // nobody, says no more. So a deletion of its own that is lost there leaves nothing alive and no state different.
  const isTombstone = reader.get({ sql: DELETED, parameters: [row.cells.owner_id ?? ''] }) !== undefined
  const standing = isTombstone ? { ...row, cells: { ...row.cells, deleted: 1 } } : row
  return merge(standing, fact) === standing
}

/** What waits for a row says all that a change says, or something that goes before it. */
function isWaiting(reader: Reader, fact: Fact): boolean {
  const row = awaitedOf(listDeferred(reader, { kind: kindOf(fact), key: fact.key }))
  return row !== undefined && merge(undefined, fact) === undefined && merge(row, fact) === row
}

/** What changes that wait for a row say of it together. */
export function awaitedOf(changes: Fact[]): Row | undefined {
  const open: Row = { cells: {}, created_stamp: ZERO_STAMP, stamps: {} }
  return changes.length === 0 ? undefined : changes.reduce((row, change) => merge(row, change) as Row, open)
}
