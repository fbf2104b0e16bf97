import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Fact } from '../../src/model/change.js'
import { declaredBlob } from '../../src/model/change.js'
import { faultOfChange, faultOfEnvelope, readChange } from '../../src/model/change-reader.js'
import { CHANGES, type ChangeType, tableOf } from '../../src/model/change-types.js'
import { TABLES } from '../../src/model/tables.js'
import { arbitraryFact, IDS } from '../support/arbitrary-changes.js'
import { checkProperty } from '../support/property.js'

function withEnvelope(fact: Fact): Record<string, unknown> {
  const blob = declaredBlob(fact)
  return {
    v: 1,
    id: '01a207e2-48c0-7173-b83d-9c172411e20b',
    origin: 'eu',
    epoch: 'e'.repeat(32),
    oseq: 1,
    ...fact,
    ...(blob && { blob }),
  }
}

/** The change with members, fields and stamps of a newer program. */
function withUnknownMembers(change: Record<string, unknown>): Record<string, unknown> {
  const fields = { ...(change['fields'] as Record<string, unknown>), colour: 'red', tags: ['a'] }
  const stamps = change['stamps'] && { ...(change['stamps'] as object), colour: change['stamp'] }
  return { ...change, by: { kind: 'token', id: 'x' }, fields, ...(stamps ? { stamps } : {}) }
}

/** A change of a type that this program does not know. */
function unknownChange() {
  const known = { type: 'session.revoked', key: IDS[0] as string, stamp: '01ba60d33801-0000-us', fields: {} }
  return { ...withEnvelope(known as Fact), type: 'note.made' }
}

t.test('A change as declared is valid', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryFact(), (fact) => assert.equal(faultOfChange(withEnvelope(fact)), undefined)),
  )
})

t.test('A change with unknown members and fields is read without them', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryFact(), (fact) => {
      const change = JSON.parse(JSON.stringify(withEnvelope(fact)))
      assert.deepEqual(readChange(change), { understood: change, isComplete: true })
      assert.deepEqual(readChange(withUnknownMembers(change)), { understood: change, isComplete: false })
      assert.equal(faultOfEnvelope(withUnknownMembers(change)), undefined)
    }),
  )
})

t.test(
  'A change of an unknown type or version has a valid envelope, but nothing of it is read',
  async (t) => {
    checkProperty(
      t,
      fc.property(arbitraryFact(), (fact) => {
        for (const change of [
          { ...withEnvelope(fact), type: 'playlist.made' },
          { ...withEnvelope(fact), v: 2 },
        ]) {
          assert.equal(faultOfEnvelope(change), undefined)
          assert.deepEqual(readChange(change), { understood: undefined, isComplete: false })
        }
      }),
    )
  },
)

t.test('A change that lacks a required field and has an unknown one is not read', async (t) => {
  const change = {
    ...withEnvelope({
      type: 'session.revoked',
      key: IDS[0] as string,
      stamp: '01ba60d33801-0000-us',
      fields: {},
    }),
    fields: { ended_at: '2026-11-23T10:00:00.000Z' },
  }
  t.same(readChange(change), { understood: undefined, isComplete: false })
})

t.test('The stamps of a change are validated even if its type is unknown', async (t) => {
  const change = unknownChange()
  t.equal(faultOfEnvelope({ ...change, stamps: { note: '01ba60d33801-0000-us' } }), undefined)
  t.match(faultOfEnvelope({ ...change, stamps: { note: 'zzzz' } }), '/stamps')
})

t.test('A change of more than 32 levels is invalid wherever they are, and however many', async (t) => {
  const change = unknownChange()
  const nested = (levels: number, [open, close]: readonly [string, string]) =>
    JSON.parse(`${open.repeat(levels)}1${close.repeat(levels)}`)
  for (const brackets of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    t.equal(faultOfEnvelope({ ...change, fields: { note: nested(30, brackets) } }), undefined)
    t.equal(faultOfEnvelope({ ...change, note: nested(31, brackets) }), undefined)
    for (const levels of [32, 30_000]) {
      const fault = '/ has more than 32 levels'
      t.equal(faultOfEnvelope({ ...change, fields: { note: nested(levels, brackets) } }), fault)
      t.equal(faultOfEnvelope({ ...change, fields: {}, note: nested(levels, brackets) }), fault)
      t.strictSame(readChange({ ...change, fields: { note: nested(levels, brackets) } }), { fault })
    }
  }
})

t.test('The blob reference of a change is validated even if its type is unknown', async (t) => {
  const sha256 = 'a'.repeat(64)
  const change = {
    ...withEnvelope({
      type: 'session.revoked',
      key: IDS[0] as string,
      stamp: '01ba60d33801-0000-us',
      fields: {},
    }),
    type: 'note.made',
    fields: { picture: sha256, picture_bytes: 3 },
    blob: { sha256: 'picture', size: 'picture_bytes' },
  }
  t.equal(faultOfEnvelope(change), undefined)
  for (const fields of [
    {},
    { picture: 'x', picture_bytes: 3 },
    { picture: sha256, picture_bytes: -1 },
    { picture: sha256, picture_bytes: '3' },
  ])
    t.match(faultOfEnvelope({ ...change, fields }), '/blob')
  const uploaded = {
    ...withEnvelope({
      type: 'file.deleted',
      key: IDS[0] as string,
      stamp: '01ba60d33801-0000-us',
      fields: { deleted: true },
    }),
    fields: { deleted: true, sha256, size: 3 },
    blob: { sha256: 'sha256', size: 'size' },
  }
  t.same(
    readChange(uploaded),
    { understood: undefined, isComplete: false },
    'a known type may reference only the declared blob',
  )
})

t.test('A change with undeclared, missing or invalid members is refused', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryFact(), fc.nat(), (fact, pick) => {
      const change = withEnvelope(fact)
      const name = Object.keys(change)[pick % Object.keys(change).length] as string
      const { [name]: _, ...incomplete } = change
      const fields = change['fields'] as Record<string, unknown>
      const invalid: [Record<string, unknown>, string][] = [
        [{ ...change, surplus: 1 }, 'an unknown member'],
        [{ ...change, fields: { ...fields, surplus: 1 } }, 'an unknown field'],
        [{ ...change, fields: { ...fields, ['__proto__x']: {} } }, 'a field of the prototype'],
        [incomplete, `no ${name}`],
        [{ ...change, type: 'user.promoted' }, 'an unknown type'],
        [{ ...change, type: 'toString' }, 'a type from the prototype'],
        [{ ...change, v: 2 }, 'another version'],
        [{ ...change, oseq: 0 }, 'a position below 1'],
        [{ ...change, oseq: 1.5 }, 'a fractional position'],
        [{ ...change, stamp: 'now' }, 'an invalid stamp'],
        [{ ...change, origin: '../eu' }, 'an invalid origin'],
        [{ ...change, key: '' }, 'an empty key'],
      ]
      for (const [value, what] of invalid) assert.equal(typeof faultOfChange(value), 'string', what)
    }),
    { numRuns: 50 },
  )
  for (const value of [null, undefined, 1, 'x', [], {}, { type: {} }]) t.type(faultOfChange(value), 'string')
})

/** Text of a given length that is otherwise valid in a field. */
function textOf(name: string, length: number): string {
  return name === 'folder' ? '/x'.repeat(length).slice(0, length) : 'x'.repeat(length)
}

t.test('A field of maximum length is accepted, and a longer one refused', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryFact(), (fact) => {
      const declared = TABLES[tableOf(fact.type)].fields as Record<string, { schema: { maxLength?: number } }>
      for (const [name, value] of Object.entries(fact.fields)) {
        const maxLength = declared[name]?.schema.maxLength
        if (maxLength === undefined || typeof value !== 'string') continue
        const filled = (length: number) =>
          withEnvelope({ ...fact, fields: { ...fact.fields, [name]: textOf(name, length) } })
        assert.equal(faultOfChange(filled(maxLength)), undefined, name)
        assert.equal(typeof faultOfChange(filled(maxLength + 1)), 'string', name)
      }
    }),
  )
})

t.test('A change with an invalid username, email, file name or folder is refused', async (t) => {
  const valid = { username: 'alice', email: 'alice@nas', name: 'a.txt', folder: '/a' }
  const invalid: [field: keyof typeof valid, value: string][] = [
    ['username', 'alice~1a2b'],
    ['username', 'al\u0000ice'],
    ['email', '\u009b2J'],
    ['name', '../a.txt'],
    ['name', '..'],
    ['name', 'a\nb'],
    ['name', ''],
    ['folder', 'a'],
    ['folder', '/a/../b'],
    ['folder', '/a//b'],
  ]
  const types = {
    username: 'user.registered',
    email: 'email.set',
    name: 'file.uploaded',
    folder: 'file.uploaded',
  }
  for (const [field, value] of invalid) {
    const fact = fc.sample(arbitraryFact(), 2000).find(({ type }) => type === types[field]) as Fact
    const fieldsWith = (text: string) => ({ ...fact.fields, [field]: text })
    t.equal(faultOfChange(withEnvelope({ ...fact, fields: fieldsWith(valid[field]) })), undefined, field)
    t.match(
      faultOfChange(withEnvelope({ ...fact, fields: fieldsWith(value) })),
      `/fields/${field}`,
      JSON.stringify(value),
    )
  }
  const erased = {
    username: '',
    created_at: '2026-11-23T10:00:00.000Z',
    storage_quota: 1,
    disabled: false,
  }
  const stamp = '01ba60d33801-0000-us'
  const stamps = { storage_quota: stamp, disabled: stamp }
  const snapshot = { type: 'user.snapshot', key: IDS[0] as string, stamp, stamps } as const
  t.equal(
    faultOfChange(withEnvelope({ ...snapshot, fields: { ...erased, deleted: true } })),
    undefined,
    'a tombstone',
  )
  t.match(faultOfChange(withEnvelope({ ...snapshot, fields: erased })), '/fields/username')
})

t.test('Every table has two change types that create rows, one of them a snapshot', async (t) => {
  for (const [table, { fields }] of Object.entries(TABLES)) {
    const types = (Object.keys(CHANGES) as ChangeType[]).filter((type) => CHANGES[type].table === table)
    const once = Object.entries(fields).flatMap(([name, { rule }]) => (rule === 'once' ? [name] : []))
    const creating = types.filter((type) =>
      once.every((name) => (CHANGES[type].required as string[]).includes(name)),
    )
    t.equal(creating.length, 2, table)
    t.equal(types.filter((type) => CHANGES[type].isSnapshot).length, 1, table)
  }
})
