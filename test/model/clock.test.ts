import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { later, millisecondsOf, type Stamp, tick, ZERO_STAMP } from '../../src/model/clock.js'
import { checkProperty } from '../support/property.js'

const MS = fc.integer({ min: 0, max: 2 ** 47 })
const ORIGIN = fc.constantFrom('eu', 'us', 'a-b', 'grand')

t.test('stamps of one server rise, whatever its wall clock does and whatever it hears', async (t) => {
  const step = fc.oneof(
    fc.record({ at: MS }),
    fc.record({ heard: fc.tuple(MS, ORIGIN).map(([ms, origin]) => tick(ZERO_STAMP, ms, origin)) }),
  )
  checkProperty(
    t,
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let last: Stamp = ZERO_STAMP
      for (const one of steps) {
        const next = 'at' in one ? tick(last, one.at, 'eu') : later(last, one.heard)
        assert.ok('at' in one ? next > last : next >= last)
        if ('at' in one) assert.ok(millisecondsOf(next) >= one.at)
        assert.match(next, /^[0-9a-f]{12}-[0-9a-f]{4}-[a-z-]*$/)
        last = next
      }
    }),
  )
})

t.test('stamps sort as text the way they sort in time', async (t) => {
  checkProperty(
    t,
    fc.property(MS, MS, ORIGIN, ORIGIN, (a, b, first, second) => {
      const [x, y] = [tick(ZERO_STAMP, a, first), tick(ZERO_STAMP, b, second)]
      if (a !== b) assert.equal(x < y, a < b)
    }),
  )
})

t.test('more stamps in one millisecond than the counter holds run ahead of the wall clock', async (t) => {
  let last = tick(ZERO_STAMP, 1_000_000, 'eu')
  for (let i = 0; i < 70_000; i++) {
    const next = tick(last, 1_000_000, 'eu')
    if (next <= last) t.fail(`${next} after ${last}`)
    last = next
  }
  t.equal(millisecondsOf(last), 1_000_001)
})
