import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { CHANGES, type ChangeType, type Fact, faultOfChange, TABLES, tableOf } from '../src/change.js'
import { arbitraryFact } from './support/arbitrary-changes.js'
import { holds } from './support/holds.js'

function whole(fact: Fact): Record<string, unknown> {
  return {
    v: 1,
    id: '01a207e2-48c0-7173-b83d-9c172411e20b',
    origin: 'eu',
    epoch: 'e'.repeat(32),
    oseq: 1,
    ...fact,
  }
}

t.test('whatever is declared passes', async (t) => {
  holds(
    t,
    fc.property(arbitraryFact(), (fact) => assert.equal(faultOfChange(whole(fact)), undefined)),
  )
})

t.test('what is not declared is refused, and the fault says where', async (t) => {
  holds(
    t,
    fc.property(arbitraryFact(), fc.nat(), (fact, pick) => {
      const change = whole(fact)
      const name = Object.keys(change)[pick % Object.keys(change).length] as string
      const { [name]: _, ...incomplete } = change
      const fields = change['fields'] as Record<string, unknown>
      const wrong: [Record<string, unknown>, string][] = [
        [{ ...change, surplus: 1 }, 'an unknown member'],
        [{ ...change, fields: { ...fields, surplus: 1 } }, 'an unknown field'],
        [{ ...change, fields: { ...fields, ['__proto__x']: {} } }, 'a field of the prototype'],
        [incomplete, `no ${name}`],
        [{ ...change, type: 'user.promoted' }, 'an unknown type'],
        [{ ...change, type: 'toString' }, 'a type out of the prototype'],
        [{ ...change, v: 2 }, 'another version'],
        [{ ...change, oseq: 0 }, 'a place before the first'],
        [{ ...change, oseq: 1.5 }, 'half a place'],
        [{ ...change, stamp: 'now' }, 'no stamp'],
        [{ ...change, origin: '../eu' }, 'no origin'],
        [{ ...change, key: '' }, 'no key'],
      ]
      for (const [value, what] of wrong) assert.equal(typeof faultOfChange(value), 'string', what)
    }),
    { numRuns: 50 },
  )
  for (const value of [null, undefined, 1, 'x', [], {}, { type: {} }]) t.type(faultOfChange(value), 'string')
})

t.test('what is longer than its field allows is refused', async (t) => {
  holds(
    t,
    fc.property(arbitraryFact(), (fact) => {
      const declared = TABLES[tableOf(fact.type)].fields as Record<string, { schema: { maxLength?: number } }>
      for (const [name, value] of Object.entries(fact.fields)) {
        const most = declared[name]?.schema.maxLength
        if (most === undefined || typeof value !== 'string') continue
        const filled = (length: number) =>
          whole({ ...fact, fields: { ...fact.fields, [name]: 'x'.repeat(length) } })
        assert.equal(faultOfChange(filled(most)), undefined, name)
        assert.equal(typeof faultOfChange(filled(most + 1)), 'string', name)
      }
    }),
  )
})

t.test('every table has a change that creates its rows and one that tells them again', async (t) => {
  for (const [table, { fields }] of Object.entries(TABLES)) {
    const types = (Object.keys(CHANGES) as ChangeType[]).filter((type) => CHANGES[type].table === table)
    const once = Object.entries(fields).flatMap(([name, { rule }]) => (rule === 'once' ? [name] : []))
    const creating = types.filter((type) =>
      once.every((name) => (CHANGES[type].required as string[]).includes(name)),
    )
    t.equal(creating.length, 2, table)
    t.equal(types.filter((type) => CHANGES[type].retold).length, 1, table)
  }
})
