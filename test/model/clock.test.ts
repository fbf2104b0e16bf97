import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { later, millisecondsOf, type Stamp, tick, ZERO_STAMP } from '../../src/model/clock.js'
import { checkProperty } from '../support/property.js'

const MS = fc.integer({ min: 0, max: 2 ** 47 })
const ORIGIN = fc.constantFrom('eu', 'us', 'a-b', 'grand')

t.test(
  'The stamps of a server increase, whatever its wall clock reads and whichever stamps it observes',
  async (t) => {
    const step = fc.oneof(
      fc.record({ at: MS }),
      fc.record({ observed: fc.tuple(MS, ORIGIN).map(([ms, origin]) => tick(ZERO_STAMP, ms, origin)) }),
    )
    checkProperty(
      t,
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        let last: Stamp = ZERO_STAMP
        for (const step of steps) {
          const next = 'at' in step ? tick(last, step.at, 'eu') : later(last, step.observed)
          assert.ok('at' in step ? next > last : next >= last)
          if ('at' in step) assert.ok(millisecondsOf(next) >= step.at)
          assert.match(next, /^[0-9a-f]{12}-[0-9a-f]{4}-[a-z-]*$/)
          last = next
        }
      }),
    )
  },
)

t.test('Stamps of different times sort as text by time', async (t) => {
  checkProperty(
    t,
    fc.property(MS, MS, ORIGIN, ORIGIN, (a, b, first, second) => {
      const [x, y] = [tick(ZERO_STAMP, a, first), tick(ZERO_STAMP, b, second)]
      if (a !== b) assert.equal(x < y, a < b)
    }),
  )
})

t.test('More stamps in a millisecond than the counter can count advance past the wall clock', async (t) => {
  let last = tick(ZERO_STAMP, 1_000_000, 'eu')
  for (let i = 0; i < 70_000; i++) {
    const next = tick(last, 1_000_000, 'eu')
    if (next <= last) t.fail(`${next} after ${last}`)
    last = next
  }
  t.equal(millisecondsOf(last), 1_000_001)
})
