/**
 * `npm run chaos -- --minutes 10 --seed 1` exits with 0 if nothing is lost and every invariant holds.
 * `--keep DIR` keeps the servers' data and logs after a failed run.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.js'
import { tableOf } from './table.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    port: { type: 'string', default: '23000' },
    keep: { type: 'string' },
  },
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const began = performance.now()
const report = (line: string) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}`)
const outcome = await runChaos({
  seed: Number(values.seed),
  seconds: Number(values.minutes) * 60,
  port: Number(values.port),
  keep: values.keep,
  report,
})
console.log(`\nseed ${values.seed}, ${values.minutes} min\n${tableOf(outcome)}`)
for (const violation of outcome.violations) console.log(`VIOLATED: ${violation}`)
process.exitCode = outcome.violations.length === 0 ? 0 : 1
