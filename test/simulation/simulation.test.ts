import t from 'tap'
import { releaseBuffer } from '../../src/blobs/transfer-buffers.js'
import { type Plan, planOf } from './plan.js'
import { SABOTAGES } from './sabotage.js'
import { only, shrink } from './shrink.js'
import { simulate, takeLargeBuffers } from './simulate.js'

const SEEDS = process.env['CI'] === 'true' ? 300 : 50
const OPERATIONS = 100

t.setTimeout(60_000 + SEEDS * 1000)

t.test(`${SEEDS} seeds: whatever goes wrong, nothing that was acknowledged is lost`, async (t) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { faults } = await simulate(planOf(seed, OPERATIONS))
    const command = `npm run simulate -- --seed ${seed} --operations ${OPERATIONS}`
    if (faults.length > 0) t.fail(`seed ${seed}; to shrink it: ${command}`, { faults })
  }
  t.pass(`${SEEDS} seeds ran`)
})

t.test('the same seed gives the same trace, to the last byte of every frame', async (t) => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const [one, other] = [await simulate(planOf(seed, 200)), await simulate(planOf(seed, 200))]
    t.equal(one.trace, other.trace, `seed ${seed}`)
    t.strictSame(one, other)
  }
  const [one, other] = [await simulate(planOf(1, 50)), await simulate(planOf(2, 50))]
  t.not(one.trace, other.trace, 'another seed gives another one')
})

t.test('the same seed gives the same trace, whatever buffers other runs have left', async (t) => {
  const buffers = takeLargeBuffers()
  const { trace } = await simulate(planOf(1, 200))
  for (const buffer of buffers) releaseBuffer(buffer)
  t.equal((await simulate(planOf(1, 200))).trace, trace)
})

for (const [name, { sabotage, operations }] of Object.entries(SABOTAGES)) {
  t.test(`it finds out a server that ${name}`, async (t) => {
    let found: number | undefined
    for (let seed = 1; seed <= 20 && found === undefined; seed += 1) {
      const { faults } = await simulate(planOf(seed, operations), { sabotage })
      if (faults.length > 0) found = seed
    }
    t.ok(found, `by seed ${found}`)
  })
}

t.test('a plan that fails is shrunk to what it fails by', async (t) => {
  const { sabotage } = SABOTAGES['skips some of what others did']
  const fails = async (plan: Plan) => (await simulate(plan, { sabotage })).faults.length > 0
  const plan = planOf(1, OPERATIONS)
  const left = await shrink(plan, fails)
  t.ok(left.length < OPERATIONS / 4, `${left.length} of ${OPERATIONS} items are left`)
  t.ok(await fails(only(plan, left)), 'what is left fails too')
  t.strictSame((await simulate(only(plan, left))).faults, [], 'and only because of the server')
})
