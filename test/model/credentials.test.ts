import fc from 'fast-check'
import t from 'tap'
import { counts, heldUntil, NEVER_HELD, type PasswordLink, STILL_HELD } from '../../src/model/credentials.js'
import { checkProperty } from '../support/property.js'

const stampOf = (ms: number) => `0000000000${ms.toString(16).padStart(2, '0')}-0000-eu`
const link = (id: string, ms: number, replaces: string | null): PasswordLink => ({
  id,
  created_stamp: stampOf(ms),
  replaces,
})

t.test(
  'Of two passwords that replace the same one the earlier holds, and what builds on the other falls',
  async (t) => {
    const held = heldUntil([
      link('old', 1, null),
      link('owner', 2, 'old'),
      link('thief', 3, 'old'),
      link('thief again', 4, 'thief'),
    ])
    t.same(Object.fromEntries(held), {
      old: stampOf(2),
      owner: STILL_HELD,
      thief: NEVER_HELD,
      'thief again': NEVER_HELD,
    })
    const act = (password_id: string, ms: number) => counts({ password_id, created_stamp: stampOf(ms) }, held)
    t.ok(act('old', 1))
    t.notOk(act('old', 2), 'at the moment of the replacement')
    t.notOk(act('old', 3))
    t.notOk(act('thief', 3))
    t.ok(act('owner', 9))
    t.notOk(act('unknown', 1))
    t.ok(counts({ password_id: null, created_stamp: stampOf(9) }, held), 'an operator needs no password')
  },
)

t.test('A password that an operator sets ends every chain before it', async (t) => {
  const held = heldUntil([
    link('old', 1, null),
    link('thief', 2, 'old'),
    link('operator', 3, null),
    link('late', 4, 'thief'),
    link('owner', 5, 'operator'),
  ])
  t.same(Object.fromEntries(held), {
    old: stampOf(2),
    thief: stampOf(3),
    operator: stampOf(5),
    late: NEVER_HELD,
    owner: STILL_HELD,
  })
})

t.test('A password cannot be older than the one that it replaces', async (t) => {
  const held = heldUntil([link('old', 5, null), link('backdated', 1, 'old'), link('own', 5, 'own')])
  t.same(Object.fromEntries(held), { old: STILL_HELD, backdated: NEVER_HELD, own: NEVER_HELD })
})

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']
const arbitraryPasswords = fc
  .array(fc.record({ ms: fc.integer({ min: 1, max: 8 }), replaces: fc.option(fc.constantFrom(...IDS)) }), {
    minLength: 1,
    maxLength: IDS.length,
  })
  .map((made) => made.map(({ ms, replaces }, index) => link(IDS[index] as string, ms, replaces)))

t.test('The passwords that hold follow from the set, and at most one holds at any moment', async (t) => {
  checkProperty(
    t,
    fc.property(
      arbitraryPasswords.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      ),
      ([all, shuffled]) => {
        const held = heldUntil(all)
        const again = heldUntil(shuffled)
        if (all.some(({ id }) => held.get(id) !== again.get(id))) return false
        const spans = all
          .map(({ id, created_stamp }) => ({ from: created_stamp, until: held.get(id) as string }))
          .filter(({ from, until }) => from < until)
          .sort((a, b) => (a.from < b.from ? -1 : 1))
        const isApart = spans.every(({ until }, index) => until <= (spans[index + 1]?.from ?? STILL_HELD))
        const hasRoot = all.some(({ replaces }) => replaces === null)
        return isApart && spans.filter(({ until }) => until === STILL_HELD).length === (hasRoot ? 1 : 0)
      },
    ),
  )
})

t.test('A password that arrives late changes nothing before its own stamp', async (t) => {
  checkProperty(
    t,
    fc.property(arbitraryPasswords, ([late, ...known]) => {
      const before = heldUntil(known)
      const after = heldUntil([late as PasswordLink, ...known])
      const at = (late as PasswordLink).created_stamp
      const earlierPart = (from: string, until: string) => {
        const end = until < at ? until : at
        return from < end ? end : undefined
      }
      return known.every(
        ({ id, created_stamp }) =>
          earlierPart(created_stamp, before.get(id) as string) ===
          earlierPart(created_stamp, after.get(id) as string),
      )
    }),
  )
})
