import fc from 'fast-check'
import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import type { Fact, Value } from '../../src/model/change.js'
import { CHANGES, type ChangeType } from '../../src/model/change-types.js'
import type { Cell, Row } from '../../src/model/merge.js'
import { TABLES, type TableName } from '../../src/model/tables.js'

interface Declared {
  rule: string
  schema: TSchema & { pattern?: string; maxLength?: number }
  faultOf?: (text: string) => string | undefined
}

const uuid = (n: number) => `01a207e2-48c0-7173-b83d-00000000000${n}`
const stampOf = (ms: number, origin: string) => `${ms.toString(16).padStart(12, '0')}-0000-${origin}`

export const IDS = [1, 2, 3, 4].map(uuid)
/** Few stamps, so that equal ones are common. Stamps of the same millisecond differ by origin only. */
const STAMPS = [1, 2, 2, 3, 4, 5].map((ms, index) => stampOf(1_900_000_000_000 + ms, index % 2 ? 'eu' : 'us'))
const NAMES = ['alice', 'ALICE', 'bob', '/alice', '/bob', '']
const CANDIDATES: Value[] = [
  ...IDS,
  ...STAMPS.slice(0, 3),
  '2026-11-23T10:00:00.000Z',
  '2026-11-24T10:00:00.000Z',
  'a'.repeat(64),
  'b'.repeat(64),
  ...['private', 'friends', 'public', 'pending', 'accepted', 'rejected', 'cancelled', 'read', 'write'],
  ...[0, 1, 7, true, false, null],
]

const fieldsOf = (table: TableName) => TABLES[table].fields as Record<string, Declared>

/** Values that the schema of a field accepts. */
function poolOf({ schema, faultOf }: Declared): Value[] {
  const isText = schema.maxLength !== undefined && schema.pattern === undefined
  return isText
    ? NAMES.filter((name) => faultOf?.(name) === undefined)
    : CANDIDATES.filter((value) => Check(schema, value))
}

export interface ArbitraryOptions {
  table?: TableName
  keys?: string[]
  /** Gives each key one fixed value for its `once` fields, as in production, where keys are never reused. */
  sameOnce?: boolean
}

/** A change of any declared type, with any subset of the optional fields. */
export function arbitraryFact({
  table,
  keys = IDS,
  sameOnce = false,
}: ArbitraryOptions = {}): fc.Arbitrary<Fact> {
  const types = (Object.keys(CHANGES) as ChangeType[]).filter(
    (type) => !table || CHANGES[type].table === table,
  )
  return fc
    .record({
      type: fc.constantFrom(...types),
      key: fc.constantFrom(...keys),
      stamp: fc.constantFrom(...STAMPS),
    })
    .chain(({ type, key, stamp }) => {
      const shape = CHANGES[type]
      const declared = fieldsOf(shape.table)
      const value = (name: string) => {
        const pool = poolOf(declared[name] as Declared)
        const fixed = sameOnce && declared[name]?.rule === 'once'
        return fixed ? fc.constant(pool[keys.indexOf(key) % pool.length] as Value) : fc.constantFrom(...pool)
      }
      const model = Object.fromEntries(
        [...shape.required, ...shape.optional].map((name) => [name, value(name)]),
      )
      const latest = Object.keys(declared).filter((name) => declared[name]?.rule === 'latest')
      return fc.record({
        type: fc.constant(type),
        key: fc.constant(key),
        stamp: fc.constant(stamp),
        fields: fc.record(model, { requiredKeys: [...shape.required] }),
        ...(shape.isSnapshot && {
          stamps: fc.record(Object.fromEntries(latest.map((name) => [name, fc.constantFrom(...STAMPS)]))),
        }),
      }) as fc.Arbitrary<Fact>
    })
}

/** Changes of one table or of all, some of them repeated. */
export function arbitraryFacts(options: ArbitraryOptions = {}, maxLength = 12): fc.Arbitrary<Fact[]> {
  return fc.array(arbitraryFact(options), { minLength: 1, maxLength })
}

/** The snapshot change of a row. */
export function snapshotOf(table: TableName, key: string, row: Row): Fact {
  const type = (Object.keys(CHANGES) as ChangeType[]).find(
    (name) => CHANGES[name].table === table && CHANGES[name].isSnapshot,
  ) as ChangeType
  const sent = Object.entries(row.cells).filter(
    ([name, cell]) => fieldsOf(table)[name]?.rule !== 'latch' || cell === 1,
  )
  const valueFrom = (name: string, cell: Cell): Value => {
    const { schema } = fieldsOf(table)[name] as Declared
    return typeof cell === 'number' && Check(schema, cell === 1) ? cell === 1 : cell
  }
  const fields = Object.fromEntries(sent.map(([name, cell]) => [name, valueFrom(name, cell)]))
  return { type, key, stamp: row.created_stamp, fields, stamps: row.stamps }
}
