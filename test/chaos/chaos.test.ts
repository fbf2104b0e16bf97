import t from 'tap'
import { runChaos } from './chaos.js'
import { tableOf } from './table.js'

const { CI, CHAOS } = process.env
const skip = CI === 'true' || CHAOS === '1' ? false : 'takes two minutes: CHAOS=1 runs it, or npm run chaos'

t.setTimeout(400_000)

t.test('Sixty seconds of chaos lose no acknowledged change and break no invariant', { skip }, async (t) => {
  const outcome = await runChaos({ seed: 1, seconds: 60, port: 23_100, report: (line) => t.comment(line) })
  t.comment(tableOf(outcome))
  t.strictSame(outcome.violations, [])
  t.ok(outcome.figures.total('acknowledged') > 100, 'user actions were acknowledged during the faults')
  t.ok(outcome.figures.faults.size > 10, 'more than ten kinds of faults were injected')
})
