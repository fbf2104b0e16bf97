import { randomBytes } from 'node:crypto'
import { BenchClient } from '../client.js'
import { prepared } from '../prepared.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { until } from '../until.js'

const CHANGES = 100_000
const BYTES = 16
/** Polls seldom: each read during catch-up forces a commit. */
const POLL_MS = 200

export const catchUp: Row = {
  name: 'catch-up',
  title: 'an empty regional catches up with 100,000 changes',
  figures: {
    time: { title: 'time', unit: 's', better: 'less', targets: [{ atMost: 20 }] },
  },
  rounds: 3,
  prepare: () =>
    prepared(async (own) => {
      const sphere = own(await BenchSphere.start(['eu']))
      const eu = sphere.url('eu')
      const client = await BenchClient.register(eu)
      await client.uploadAll(eu, CHANGES, () => randomBytes(BYTES))
      await until(async () => (await client.json(`${eu}/sync/status`))['unacknowledged'] === 0, 20)
      let joined = 0
      const measure = async () => {
        joined += 1
        return { time: await timeToJoin(sphere, client, `joins-${joined}`) }
      }
      return [{ name: HERE, measure, peakMegabytes: () => sphere.peakMegabytes() }]
    }),
}

/** Returns seconds from the start of a new regional until it has applied the whole log. */
async function timeToJoin(sphere: BenchSphere, client: BenchClient, name: string): Promise<number> {
  sphere.certificate(name)
  const began = performance.now()
  await sphere.startRegional(name)
  const at = sphere.url(name)
  await client.waitForSession(at)
  await until(async () => {
    const { applied_position, log_head } = await client.json(`${at}/sync/status`)
    return typeof log_head === 'number' && log_head >= CHANGES && applied_position === log_head
  }, POLL_MS)
  const seconds = (performance.now() - began) / 1000
  await sphere.stop(name)
  return seconds
}
