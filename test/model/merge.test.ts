import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Fact } from '../../src/model/change.js'
import { merge, type Row } from '../../src/model/merge.js'
import { TABLES, type TableName } from '../../src/model/tables.js'
import { arbitraryFacts, IDS, snapshotOf } from '../support/arbitrary-changes.js'
import { checkProperty } from '../support/property.js'

const [KEY] = IDS as [string]

/** The row after these changes. Changes that arrive before the row are deferred until it arrives. */
function rowAfter(facts: Fact[]): { row: Row | undefined; deferred: Fact[] } {
  let row: Row | undefined
  let deferred: Fact[] = []
  for (const fact of facts) {
    const after = merge(row, fact)
    if (after === undefined) deferred.push(fact)
    else if (row !== undefined) row = after
    else {
      row = deferred.reduce((merged, fact) => merge(merged, fact) as Row, after)
      deferred = []
    }
  }
  return { row, deferred }
}

function canonical({ row, deferred }: ReturnType<typeof rowAfter>): unknown {
  if (row === undefined)
    return { deferred: [...new Set(deferred.map((fact) => JSON.stringify(fact)))].toSorted() }
  const sorted = (record: object) => Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { cells: sorted(row.cells), stamps: sorted(row.stamps), created_stamp: row.created_stamp }
}

for (const table of Object.keys(TABLES) as TableName[]) {
  const history = arbitraryFacts({ table, keys: [KEY] })

  t.test(`${table}: changes in any order and repetition produce the same row`, async (t) => {
    const shuffled = history.chain((facts) =>
      fc.record({
        facts: fc.constant(facts),
        order: fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length }),
      }),
    )
    checkProperty(
      t,
      fc.property(shuffled, ({ facts, order }) => {
        // A subarray may omit some facts; they are appended.
        const all = [...order, ...facts.filter((fact) => !order.includes(fact))]
        assert.deepEqual(canonical(rowAfter(all)), canonical(rowAfter([...new Set(facts)].concat(facts))))
      }),
      { numRuns: 300 },
    )
  })

  t.test(`${table}: a snapshot of a row merges like the changes that made the row`, async (t) => {
    checkProperty(
      t,
      fc.property(history, history, (local, remote) => {
        const localRow = rowAfter(local).row
        const { row: remoteRow, deferred } = rowAfter(remote)
        const sent = remoteRow === undefined ? deferred : [snapshotOf(table, KEY, remoteRow)]
        const joined = canonical(rowAfter([...local, ...sent]))
        assert.deepEqual(joined, canonical(rowAfter([...local, ...remote])))
        assert.deepEqual(joined, canonical(rowAfter([...sent, ...local])))
        if (localRow !== undefined)
          assert.deepEqual(canonical(rowAfter([snapshotOf(table, KEY, localRow), ...remote])), joined)
      }),
      { numRuns: 300 },
    )
  })
}

t.test('Merging a change that adds nothing returns the same row object', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryFacts({ keys: [KEY], table: 'files' }), (facts) => {
      const { row } = rowAfter(facts)
      for (const fact of row === undefined ? [] : facts) assert.equal(merge(row, fact), row)
    }),
  )
})

t.test('A deleted row stays deleted and contains no personal data, whichever changes follow', async (t) => {
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
