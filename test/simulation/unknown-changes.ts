/** Changes of a type that the simulated program does not know, as a regional of a newer program records them. */
import type { Reader } from '../../src/db/engine/database.js'
import { appendOutbox } from '../../src/db/regional/outbox.js'
import { deferUnknown } from '../../src/db/regional/unknown-changes.js'
import { CHANGE_VERSION, type Fact } from '../../src/model/change.js'
import type { ChangeType } from '../../src/model/change-types.js'
import type { SimulatedGrand, SimulatedRegional } from './servers.js'

const UNKNOWN_TYPE = 'playlist.made'

export function isUnknown({ type }: { type: string }): boolean {
  return type === UNKNOWN_TYPE
}

/**
 * Records a playlist with a cover. The newer program would keep it in a row of its own and republish that row. This one
 * defers it, which is republished too.
 */
export async function recordUnknownChange(
  { db, name, services }: SimulatedRegional,
  cover: { sha256: string; size: number },
): Promise<void> {
  if (db === undefined || services === undefined) return
  const { journal } = services
  await db.write((tx) => {
    const fact: Fact = {
      type: UNKNOWN_TYPE as ChangeType,
      key: journal.random.id(),
      fields: { cover_sha256: cover.sha256, cover_size: cover.size },
      blob: { sha256: 'cover_sha256', size: 'cover_size' },
      stamp: journal.tick(tx),
    }
    const id = journal.random.id()
    appendOutbox(tx, name, { id, ...fact }, journal.random)
    const envelope = { v: CHANGE_VERSION, id, origin: name, epoch: '', oseq: 0 }
    deferUnknown(tx, { ...envelope, ...fact }, 0)
    tx.afterCommit(() => journal.outboxGrown.emit())
  })
}

/** Follows unknown changes by their key: a change that is republished or restamped has another id. */
export class UnknownChanges {
  readonly #regionals: SimulatedRegional[]
  readonly #grand: SimulatedGrand
  /** True while every server must have the change. */
  readonly #isDue = new Map<string, boolean>()

  constructor(regionals: SimulatedRegional[], grand: SimulatedGrand) {
    this.#regionals = regionals
    this.#grand = grand
  }

  add(key: string): void {
    if (!this.#isDue.has(key)) this.#isDue.set(key, true)
  }

  /** A change that no server has any more may be lost. */
  recordDiskLoss(): void {
    const sets = [
      logged(this.#grand.reader),
      ...this.#regionals.flatMap(({ reader }) => [deferred(reader), unsent(reader)]),
    ]
    for (const key of this.#isDue.keys()) if (!sets.some((set) => set.has(key))) this.#isDue.set(key, false)
  }

  /** The log has every due change, and all regionals have deferred the same ones, those included. */
  faults(): string[] {
    const stores = [
      { name: 'the log', keys: logged(this.#grand.reader) },
      ...this.#regionals.map(({ name, reader }) => ({ name, keys: deferred(reader) })),
    ]
    const due = [...this.#isDue].flatMap(([key, isDue]) => (isDue ? [key] : []))
    const expected = new Set([...due, ...stores.flatMap(({ keys }) => [...keys])])
    return stores.flatMap(({ name, keys }) =>
      [...expected].filter((key) => !keys.has(key)).map((key) => `${name} lacks the unknown change ${key}`),
    )
  }
}

const TYPE = `json_extract(change, '$.type') = '${UNKNOWN_TYPE}'`
const logged = (grand: Reader) => keysOf(grand, 'log', TYPE)
const unsent = (regional: Reader) => keysOf(regional, 'outbox', TYPE)
const deferred = (regional: Reader) => keysOf(regional, 'deferred', "reason = 'unknown'")

function keysOf(reader: Reader, table: string, condition: string): Set<string> {
  const sql = `select json_extract(change, '$.key') as key from ${table} where ${condition}`
  return new Set(reader.all<unknown, { key: string }>({ sql, parameters: [] }).map(({ key }) => key))
}
