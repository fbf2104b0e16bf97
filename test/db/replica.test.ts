import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Database, type Query } from '../../src/db/engine/database.js'
import { stateDigest } from '../../src/db/regional/digest.js'
import { fold } from '../../src/db/regional/fold.js'
import { readRow } from '../../src/db/regional/replica.js'
import { EventRecorder } from '../../src/domain/event-recorder.js'
import { Journal } from '../../src/domain/journal.js'
import { Notifier } from '../../src/domain/notifier.js'
import { type Fact, stampsOf } from '../../src/model/change.js'
import { tableOf } from '../../src/model/change-types.js'
import { later } from '../../src/model/clock.js'
import { mergedColumns } from '../../src/model/merge.js'
import { TABLES, type TableName, tableOfKind } from '../../src/model/tables.js'
import { arbitraryFacts, snapshotOf } from '../support/arbitrary-changes.js'
import { checkPropertyAsync } from '../support/property.js'

const DERIVED: Partial<Record<TableName, string[]>> = {
  users: [
    ...['username_folded', 'email_folded', 'username_shown', 'email_shown', 'username_login', 'email_login'],
    'used_storage',
  ],
  files: ['name_folded'],
}

const TABLE_NAMES = Object.keys(TABLES) as TableName[]

type Row = Record<string, string | number | null>

function rowsOf(db: Database, sql: string): Row[] {
  return db.all({ sql, parameters: [] } as Query<Record<never, never>, Row>)
}

/** A database of a server that has applied these changes. */
async function serverAfter(facts: Fact[]): Promise<Database> {
  const db = Database.open(':memory:', 'regional')
  const availability = { of: () => ({ available: true, stored_on: [] }) }
  const now = () => 0
  const events = new EventRecorder({ notifier: new Notifier(), availability, now })
  const journal = new Journal({ server: 'ap', now, events })
  for (const fact of facts) {
    await db.write((tx) => {
      journal.apply(tx, fact)
      journal.observe(tx, stampsOf(fact).reduce(later))
    })
  }
  return db
}

/** The state that must be equal on servers that have applied the same changes. */
async function stateOf(db: Database): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = { digest: await stateDigest(db) }
  for (const table of TABLE_NAMES) {
    const columns = ['id', ...mergedColumns(table), ...(DERIVED[table] ?? []), 'created_stamp', 'stamps']
    state[table] = rowsOf(db, `select ${columns.join(', ')} from ${table} order by id`)
  }
  state['deferred'] = rowsOf(db, 'select distinct kind, key, change from deferred order by kind, key, change')
  state['clock'] = rowsOf(db, "select value from meta where key = 'clock'")
  return state
}

function assertInvariants(db: Database): void {
  const wrong = rowsOf(
    db,
    `select id, used_storage from users where used_storage <>
      (select coalesce(sum(size), 0) from files where owner_id = users.id and deleted = 0)`,
  )
  assert.deepEqual(wrong, [], 'used_storage is the sum of the live files')
  for (const name of ['username', 'email']) {
    const live = rowsOf(
      db,
      `select *, ${name} as claimed from users where deleted = 0 order by created_stamp, id`,
    )
    const takenNames = new Set<string>()
    for (const row of live) {
      const claimed = String(row['claimed'])
      const expected = takenNames.has(fold(claimed)) ? `${claimed}~${String(row['id']).slice(-4)}` : claimed
      takenNames.add(fold(claimed))
      assert.equal(row[`${name}_shown`], expected)
      assert.equal(row[`${name}_login`], fold(expected))
    }
  }
  for (const { kind, key } of rowsOf(db, 'select kind, key from deferred')) {
    assert.deepEqual(
      rowsOf(db, `select id from ${tableOfKind(String(kind))} where id = '${key}'`),
      [],
      'no deferred change has a row',
    )
  }
}

const history = arbitraryFacts({ sameOnce: true }, 30)

t.test('Changes in any order and repetition produce the same rows, names and storage sums', async (t) => {
  const shuffled = history.chain((facts) =>
    fc.record({
      facts: fc.constant(facts),
      order: fc.shuffledSubarray([...facts, ...facts], { minLength: 0 }),
    }),
  )
  await checkPropertyAsync(
    t,
    fc.asyncProperty(shuffled, async ({ facts, order }) => {
      await using one = await serverAfter(facts)
      await using other = await serverAfter([...order, ...facts.filter((fact) => !order.includes(fact))])
      assertInvariants(one)
      assert.deepEqual(await stateOf(other), await stateOf(one))
    }),
    { numRuns: 150 },
  )
})

t.test('A change without fields is not deferred, however often it arrives', async (t) => {
  const key = '01a207e2-48c0-7173-b83d-000000000002'
  const empty: Fact = { type: 'user.updated', key, stamp: '01ba60d33802-0000-eu', fields: {} }
  await using once = await serverAfter([empty])
  await using twice = await serverAfter([empty, empty])
  t.same((await stateOf(once))['deferred'], [])
  t.same(await stateOf(twice), await stateOf(once))
})

t.test('A server that receives snapshots of the rows of another reaches the same state', async (t) => {
  await checkPropertyAsync(
    t,
    fc.asyncProperty(history, history, async (before, after) => {
      await using original = await serverAfter([...before, ...after])
      const sent = await original.write((tx) =>
        TABLE_NAMES.flatMap((table) =>
          rowsOf(original, `select id from ${table}`).map(({ id }) => {
            const row = readRow(tx, table, String(id))
            return snapshotOf(table, String(id), row as NonNullable<typeof row>)
          }),
        ),
      )
      const orphans = rowsOf(original, 'select change from deferred').map(
        ({ change }) => JSON.parse(String(change)) as Fact,
      )
      await using refilled = await serverAfter([...before, ...sent, ...orphans])
      const { clock: _, ...state } = await stateOf(original)
      assert.equal((await stateOf(refilled))['digest'], state['digest'])
      for (const table of TABLE_NAMES) assert.deepEqual((await stateOf(refilled))[table], state[table], table)
      assertInvariants(refilled)
    }),
    { numRuns: 75 },
  )
})

t.test('The row of a deleted account contains no personal data', async (t) => {
  const fields = {
    username: 'alice',
    created_at: '2026-11-23T10:00:00.000Z',
    email: 'alice@example.com',
    password_hash: '$argon2id$',
    storage_quota: 1,
    disabled: false,
  }
  const key = '01a207e2-48c0-7173-b83d-000000000001'
  const stamp = '01ba60d33802-0000-eu'
  const registered: Fact = { type: 'user.registered', key, stamp, fields }
  const deleted: Fact = { type: 'user.deleted', key, stamp, fields: { deleted: true } }
  t.equal(tableOf(deleted.type), 'users')
  for (const facts of [
    [registered, deleted],
    [deleted, registered],
  ]) {
    await using db = await serverAfter(facts)
    const text = JSON.stringify(rowsOf(db, 'select * from users')).toLowerCase()
    t.notMatch(text, /alice|argon/)
    t.match(text, /"deleted":1/)
  }
})
