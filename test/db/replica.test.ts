import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Database, type Query } from '../../src/db/engine/database.js'
import { stateDigest } from '../../src/db/regional/digest.js'
import { fold } from '../../src/db/regional/fold.js'
import { deleteOrphans } from '../../src/db/regional/orphans.js'
import { applyChange, noteLogged, readRow } from '../../src/db/regional/replica.js'
import { EventRecorder } from '../../src/domain/event-recorder.js'
import { Journal } from '../../src/domain/journal.js'
import { Notifier } from '../../src/domain/notifier.js'
import { type Fact, stampsOf } from '../../src/model/change.js'
import { later } from '../../src/model/clock.js'
import { mergedColumns } from '../../src/model/merge.js'
import { TABLES, type TableName, tableOfKind } from '../../src/model/tables.js'
import { arbitraryFacts, snapshotOf } from '../support/arbitrary-changes.js'
import { checkPropertyAsync } from '../support/property.js'

const DERIVED: Partial<Record<TableName, string[]>> = {
  users: [
    ...['username_folded', 'email_folded', 'username_shown', 'email_shown', 'username_login', 'email_login'],
    ...[
      'logged_at',
      'is_logged',
      'active',
      'closed_at',
      'password_id',
      'password_hash',
      'email_id',
      'email',
      'used_storage',
    ],
  ],
  passwords: ['held_until'],
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
  const claims = {
    username: 'select *, username as claimed from users where deleted = 0 order by created_stamp, id',
    email: `select users.*, users.email as claimed from users join emails on emails.id = email_id
      where users.deleted = 0 order by emails.created_stamp, users.id`,
  }
  for (const [name, sql] of Object.entries(claims)) {
    const live = rowsOf(db, sql)
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

t.test('The rows of a deleted account contain no personal data', async (t) => {
  const [user_id, password_id, key] = [1, 2, 3].map((n) => `01a207e2-48c0-7173-b83d-00000000000${n}`) as [
    string,
    string,
    string,
  ]
  const stamp = '01ba60d33802-0000-eu'
  const policy = { created_at: '2026-11-23T10:00:00.000Z', storage_quota: 1, disabled: false }
  const fields = { username: 'alice', ...policy }
  const password = { user_id, replaces: null, hash: '$argon2id$' }
  const email = { user_id, password_id, email: 'alice@example.com' }
  const made: Fact[] = [
    { type: 'user.registered', key: user_id, stamp, fields },
    { type: 'password.set', key: password_id, stamp, fields: password },
    { type: 'email.set', key, stamp, fields: email },
  ]
  const deleted: Fact = { type: 'user.deleted', key: user_id, stamp, fields: { deleted: true } }
  for (const facts of [
    [...made, deleted],
    [deleted, ...made],
  ]) {
    await using db = await serverAfter(facts)
    await db.write((tx) => deleteOrphans(tx, '', { accounts: 10, rows: 10 }))
    for (const table of ['users', 'passwords', 'emails']) {
      const text = JSON.stringify(rowsOf(db, `select * from ${table}`)).toLowerCase()
      t.notMatch(text, /alice|argon/)
      t.match(text, /"deleted":1/)
    }
  }
})

t.test(
  'The claim that the log took first holds a name; among claims that no log has, the earlier stamp',
  async (t) => {
    const keys = [1, 2].map((n) => `01a207e2-48c0-7173-b83d-00000000000${n}`) as [string, string]
    const fields = {
      username: 'alice',
      created_at: '2026-11-23T10:00:00.000Z',
      storage_quota: 1,
      disabled: false,
    }
    const claim = (key: string, ms: number): Fact => {
      return { type: 'user.registered', key, stamp: `01ba60d3380${ms}-0000-eu`, fields }
    }
    const stories: { title: string; claims: [Fact, Fact]; logged: [number?, number?]; holder: string }[] = [
      { title: 'stamps', claims: [claim(keys[0], 5), claim(keys[1], 1)], logged: [], holder: keys[1] },
      {
        title: 'ids at equal stamps',
        claims: [claim(keys[0], 1), claim(keys[1], 1)],
        logged: [],
        holder: keys[0],
      },
      {
        title: 'only one is logged',
        claims: [claim(keys[0], 5), claim(keys[1], 1)],
        logged: [9],
        holder: keys[0],
      },
      {
        title: 'both are logged',
        claims: [claim(keys[0], 5), claim(keys[1], 1)],
        logged: [8, 9],
        holder: keys[0],
      },
    ]
    for (const { title, claims, logged, holder } of stories)
      for (const order of [
        [0, 1],
        [1, 0],
      ]) {
        await using db = await serverAfter([])
        await db.write((tx) => {
          for (const index of order) {
            const change = claims[index] as Fact
            applyChange(tx, change)
            const loggedAt = logged[index]
            if (loggedAt !== undefined) noteLogged(tx, change, loggedAt)
          }
        })
        const shown = rowsOf(db, "select id from users where username_shown = 'alice'")
        t.same(shown, [{ id: holder }], title)
      }
  },
)
