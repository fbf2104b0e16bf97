import t from 'tap'
import { releaseBuffer } from '../../src/blobs/transfer-buffers.js'
import { type Plan, planOf } from './plan.js'
import { SABOTAGES } from './sabotage.js'
import { pickItems, shrink } from './shrink.js'
import { simulate, takeLargeBuffers } from './simulate.js'

const SEEDS = process.env['CI'] === 'true' ? 300 : 50
const OPERATIONS = 100

t.setTimeout(60_000 + SEEDS * 1000)

t.test(
  `No acknowledged change is lost and all properties hold in ${SEEDS} simulated runs with random faults`,
  async (t) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { faults } = await simulate(planOf(seed, OPERATIONS))
      const command = `npm run simulate -- --seed ${seed} --operations ${OPERATIONS}`
      if (faults.length > 0) t.fail(`seed ${seed}; to shrink it: ${command}`, { faults })
    }
    t.pass(`${SEEDS} seeds ran`)
  },
)

t.test('A seed determines the trace, down to the bytes of every frame', async (t) => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const [one, other] = [await simulate(planOf(seed, 200)), await simulate(planOf(seed, 200))]
    t.equal(one.trace, other.trace, `seed ${seed}`)
    t.strictSame(one, other)
  }
  const [one, other] = [await simulate(planOf(1, 50)), await simulate(planOf(2, 50))]
  t.not(one.trace, other.trace, 'another seed gives another trace')
})

t.test('A trace does not depend on the transfer buffers that earlier runs left', async (t) => {
  const buffers = takeLargeBuffers()
  const { trace } = await simulate(planOf(1, 200))
  for (const buffer of buffers) releaseBuffer(buffer)
  t.equal((await simulate(planOf(1, 200))).trace, trace)
})

for (const [name, { sabotage, operations }] of Object.entries(SABOTAGES)) {
  t.test(`The simulation detects a server that ${name}`, async (t) => {
    let found: number | undefined
    for (let seed = 1; seed <= 20 && found === undefined; seed += 1) {
      const { faults } = await simulate(planOf(seed, operations), { sabotage })
      if (faults.length > 0) found = seed
    }
    t.ok(found, `detected by seed ${found}`)
  })
}

t.test('Shrinking reduces a failing plan to the items that cause the failure', async (t) => {
  const { sabotage } = SABOTAGES['drops some files of other servers']
  const fails = async (plan: Plan) => (await simulate(plan, { sabotage })).faults.length > 0
  const plan = planOf(1, OPERATIONS)
  const remaining = await shrink(plan, fails)
  t.ok(remaining.length < OPERATIONS / 4, `${remaining.length} of ${OPERATIONS} items are left`)
  t.ok(await fails(pickItems(plan, remaining)), 'the shrunk plan still fails')
  t.strictSame(
    (await simulate(pickItems(plan, remaining))).faults,
    [],
    'the shrunk plan passes on correct servers',
  )
})
