/**
 * `npm run simulate -- --seeds 2000 --operations 500` runs seeds on all cores, and shrinks the first that fails.
 * `npm run simulate -- --seed 7 --operations 500 [--only 3,17] [--trace]` runs one seed, or some items of its plan.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeItem, type Plan, planOf } from './plan.js'
import { pickItems, shrink } from './shrink.js'
import { type Outcome, simulate } from './simulate.js'

const REPORT_EVERY_MS = 10_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    operations: { type: 'string', default: '500' },
    workers: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})
const operations = Number(values.operations)

if (process.send !== undefined) serve()
else if (values.seed !== undefined) await runOne(Number(values.seed))
else await runMany(Number(values.from), Number(values.seeds), Number(values.workers))

async function runOne(seed: number): Promise<void> {
  const fullPlan = planOf(seed, operations)
  const plan = values.only === undefined ? fullPlan : pickItems(fullPlan, values.only.split(',').map(Number))
  const outcome = await simulate(plan, { print: values.trace ? console.log : undefined })
  console.log(describeOutcome(seed, outcome))
  if (outcome.faults.length === 0) return
  process.exitCode = 1
  if (values.only === undefined) await reportShrunk(seed, fullPlan)
}

async function runMany(from: number, count: number, workers: number): Promise<void> {
  const began = performance.now()
  const seeds = Array.from({ length: count }, (_, index) => from + index)
  const failed: number[] = []
  let done = 0
  let acknowledged = 0
  const progress = () => {
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    return `${done} of ${count} seeds of ${operations} operations, ${failed.length} failed, ${acknowledged} changes, ${seconds} s`
  }
  const reporting = setInterval(() => console.log(progress()), REPORT_EVERY_MS)
  await Promise.all(
    Array.from({ length: workers }, () =>
      work(seeds, (seed, outcome) => {
        done += 1
        acknowledged += outcome.acknowledged
        if (outcome.faults.length === 0) return
        failed.push(seed)
        console.log(describeOutcome(seed, outcome))
      }),
    ),
  )
  clearInterval(reporting)
  console.log(progress())
  if (failed.length === 0) return
  process.exitCode = 1
  const first = Math.min(...failed)
  await reportShrunk(first, planOf(first, operations))
}

/** Runs seeds in one child process until none is left. */
async function work(seeds: number[], onOutcome: (seed: number, outcome: Outcome) => void): Promise<void> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), process.argv.slice(2))
  const exited = once(child, 'exit')
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    child.send(seed)
    const [response] = await Promise.race([once(child, 'message'), exited])
    if (typeof response !== 'object' || response === null) throw new Error(`a worker exited at seed ${seed}`)
    onOutcome(seed, response as Outcome)
  }
  child.disconnect()
  await exited
}

function serve(): void {
  process.on('message', (seed: number) => {
    void simulate(planOf(seed, operations)).then((outcome) => process.send?.(outcome))
  })
}

async function reportShrunk(seed: number, plan: Plan): Promise<void> {
  console.log(`seed ${seed}: shrinking the plan`)
  const remaining = await shrink(plan, async (smaller) => (await simulate(smaller)).faults.length > 0)
  for (const index of remaining)
    console.log(`  ${index}: ${describeItem(plan.items[index] as Plan['items'][number])}`)
  console.log(
    `npm run simulate -- --seed ${seed} --operations ${operations} --only ${remaining.join()} --trace`,
  )
}

function describeOutcome(seed: number, { trace, faults, acknowledged, lost, virtualMs }: Outcome): string {
  const seconds = (virtualMs / 1000).toFixed(0)
  const summary = `seed ${seed}: ${acknowledged} changes, ${lost} of them lost with their disks, ${seconds} s, trace ${trace.slice(0, 16)}`
  return [summary, ...faults.slice(0, 5).map((fault) => `  FAULT ${fault.slice(0, 2000)}`)].join('\n')
}
