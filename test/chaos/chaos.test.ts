import t from 'tap'
import { runChaos } from './chaos.js'
import { tableOf } from './table.js'

const { CI, CHAOS } = process.env
const skip = CI === 'true' || CHAOS === '1' ? false : 'takes two minutes: CHAOS=1 runs it, or npm run chaos'

t.setTimeout(400_000)

t.test('sixty seconds of chaos lose nothing and break no invariant', { skip }, async (t) => {
  const outcome = await runChaos({ seed: 1, seconds: 60, port: 23_100, say: (line) => t.comment(line) })
  t.comment(tableOf(outcome))
  t.strictSame(outcome.violations, [])
  t.ok(outcome.figures.total('acknowledged') > 100, 'people could work meanwhile')
  t.ok(outcome.figures.faults.size > 10, 'much went wrong')
})
