import t from 'tap'
import { reasonToSkip } from './disks.js'
import { runPowerCuts } from './power-cut.js'

const { CI, CHAOS } = process.env
const why = reasonToSkip()
const waits = CI === 'true' || CHAOS === '1' ? false : 'takes a minute: CHAOS=1 runs it, or npm run power-cut'
const skip = why === undefined ? waits : `left out: ${why}`

t.setTimeout(400_000)

t.test('Acknowledged data survives a power failure at any moment', { skip }, async (t) => {
  const report = (line: string) => t.comment(line)
  const { cuts, acknowledged, violations } = await runPowerCuts({ cuts: 3, seed: 1, port: 23_600, report })
  t.strictSame(violations, [])
  t.equal(cuts, 3)
  t.ok(acknowledged > 20, `${acknowledged} changes were acknowledged`)
})
