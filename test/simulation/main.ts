import { planOf } from './plan.js'
import { simulate } from './simulate.js'

const [from, to, ops, print] = process.argv.slice(2)
for (let seed = Number(from); seed <= Number(to); seed += 1) {
  const began = performance.now()
  const outcome = await simulate(planOf(seed, Number(ops)), { print: print ? console.log : undefined })
  console.log(
    seed,
    (performance.now() - began).toFixed(0),
    outcome.trace.slice(0, 12),
    outcome.acknowledged,
    outcome.lost,
    (outcome.virtualMs / 1000).toFixed(0),
    outcome.faults.slice(0, 3).join('\n').slice(0, 900),
  )
}
