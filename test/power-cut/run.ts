/**
 * `npm run power-cut -- --cuts 100 --seed 1` exits with 0 if no acknowledged data is lost.
 * `--keep FILE` keeps the disk image of a failed cut.
 */
import { parseArgs } from 'node:util'
import { reasonToSkip } from './disks.js'
import { runPowerCuts } from './power-cut.js'

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    port: { type: 'string', default: '23500' },
    keep: { type: 'string' },
  },
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const why = reasonToSkip()
if (why === undefined) {
  const began = performance.now()
  const report = (line: string) =>
    console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}`)
  const { keep } = values
  const options = {
    cuts: Number(values.cuts),
    seed: Number(values.seed),
    port: Number(values.port),
    keep,
    report,
  }
  const { cuts, acknowledged, unflushed, lost, violations } = await runPowerCuts(options)
  console.log(`
seed ${values.seed}
cuts                 ${cuts}
acknowledged         ${acknowledged}
writes not flushed   ${unflushed}
lost                 ${lost.length}
violations           ${violations.length}`)
  for (const violation of violations) console.log(`VIOLATED: ${violation}`)
  process.exitCode = violations.length === 0 ? 0 : 1
} else {
  console.log(`left out: power cuts: ${why}`)
}
