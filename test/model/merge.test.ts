import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Fact } from '../../src/model/change.js'
import { merge, type Row } from '../../src/model/merge.js'
import { TABLES, type TableName } from '../../src/model/tables.js'
import { arbitraryFacts, IDS, snapshotOf } from '../support/arbitrary-changes.js'
import { checkProperty } from '../support/property.js'

const [KEY] = IDS as [string]

/** The row that one server holds after these changes; those that came before the row waited for it. */
function rowAfter(facts: Fact[]): { row: Row | undefined; waiting: Fact[] } {
  let row: Row | undefined
  let waiting: Fact[] = []
  for (const fact of facts) {
    const after = merge(row, fact)
    if (after === undefined) waiting.push(fact)
    else if (row !== undefined) row = after
    else {
      row = waiting.reduce((now, late) => merge(now, late) as Row, after)
      waiting = []
    }
  }
  return { row, waiting }
}

function canonical({ row, waiting }: ReturnType<typeof rowAfter>): unknown {
  if (row === undefined)
    return { waiting: [...new Set(waiting.map((fact) => JSON.stringify(fact)))].toSorted() }
  const sorted = (record: object) => Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { cells: sorted(row.cells), stamps: sorted(row.stamps), created_stamp: row.created_stamp }
}

for (const table of Object.keys(TABLES) as TableName[]) {
  const history = arbitraryFacts({ table, keys: [KEY] })

  t.test(`${table}: any order, and any number of deliveries, end in the same row`, async (t) => {
    const shuffled = history.chain((facts) =>
      fc.record({
        facts: fc.constant(facts),
        order: fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length }),
      }),
    )
    checkProperty(
      t,
      fc.property(shuffled, ({ facts, order }) => {
        // A subarray may leave one out; whatever is missing comes last.
        const all = [...order, ...facts.filter((fact) => !order.includes(fact))]
        assert.deepEqual(canonical(rowAfter(all)), canonical(rowAfter([...new Set(facts)].concat(facts))))
      }),
      { numRuns: 300 },
    )
  })

  t.test(`${table}: a row told again joins like the changes that made it`, async (t) => {
    checkProperty(
      t,
      fc.property(history, history, (here, there) => {
        const mine = rowAfter(here)
        const theirs = rowAfter(there)
        const sent = theirs.row === undefined ? theirs.waiting : [snapshotOf(table, KEY, theirs.row)]
        const joined = canonical(rowAfter([...here, ...sent]))
        assert.deepEqual(joined, canonical(rowAfter([...here, ...there])))
        assert.deepEqual(joined, canonical(rowAfter([...sent, ...here])))
        if (mine.row !== undefined)
          assert.deepEqual(canonical(rowAfter([snapshotOf(table, KEY, mine.row), ...there])), joined)
      }),
      { numRuns: 300 },
    )
  })
}

t.test('a change that says nothing new gives the very same row back', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryFacts({ keys: [KEY], table: 'files' }), (facts) => {
      const { row } = rowAfter(facts)
      for (const fact of row === undefined ? [] : facts) assert.equal(merge(row, fact), row)
    }),
  )
})

t.test('what is deleted stays deleted, and keeps nothing personal', async (t) => {
  const table = fc.constantFrom('users', 'files' as const)
  checkProperty(
    t,
    fc.property(
      table.chain((table) =>
        fc.record({ table: fc.constant(table), facts: arbitraryFacts({ table, keys: [KEY] }) }),
      ),
      ({ table, facts }) => {
        const type = table === 'users' ? 'user.deleted' : 'file.deleted'
        const deletion: Fact = { type, key: KEY, fields: { deleted: true }, stamp: '000000000000-0000-eu' }
        const { row } = rowAfter([deletion, ...facts])
        if (row === undefined) return
        assert.equal(row.cells['deleted'], 1)
        for (const name of TABLES[table].erased) assert.equal(row.cells[name], '', name)
      },
    ),
  )
})
