import t from 'tap'
import { inBatches } from '../../src/lib/batches.js'
import { systemTimers } from '../../src/lib/timers.js'

t.test('each batch starts from the cursor of the one before, and the last one returns none', async (t) => {
  const cursors: string[] = []
  await inBatches(
    systemTimers,
    0,
    new AbortController().signal,
  )(async (after) => {
    cursors.push(after)
    return after.length < 2 ? `${after}x` : undefined
  })
  t.same(cursors, ['', 'x', 'xx'])
})

t.test('an abort during a batch prevents the next one', async (t) => {
  const controller = new AbortController()
  let count = 0
  await inBatches(
    systemTimers,
    60_000,
    controller.signal,
  )(async () => {
    count += 1
    controller.abort()
    return ''
  })
  t.equal(count, 1)
})
