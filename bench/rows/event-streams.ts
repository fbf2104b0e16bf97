import { setTimeout as sleep } from 'node:timers/promises'
import { BenchClient } from '../client.js'
import { prepared } from '../prepared.js'
import { type Figures, HERE, median, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { StreamCrowd } from '../stream-crowd.js'

const STREAMS = 5000
/** Accounts that are friends share the streams, because streams per account are limited. */
const ACCOUNTS = 5
const CHANGES = 5
/** Idle time before memory is measured. */
const IDLE_MS = 2000

export const eventStreams: Row = {
  name: 'event-streams',
  title: `${STREAMS} live event streams`,
  figures: {
    memory: { title: 'memory of each, idle', unit: 'KB', better: 'less', targets: [{ atMost: 30 }] },
    change: {
      title: 'from an upload on until all have its event',
      unit: 'ms',
      better: 'less',
      targets: [{ atMost: 250 }],
    },
  },
  rounds: 3,
  prepare: () =>
    prepared(async (own) => {
      const sphere = own(await BenchSphere.alone())
      const origin = sphere.url('eu')
      const register = () => BenchClient.register(origin)
      const [client, ...friends] = await Promise.all([
        register(),
        ...Array.from({ length: ACCOUNTS - 1 }, register),
      ])
      for (const friend of friends) await client.befriend(origin, friend)
      return [
        {
          name: HERE,
          measure: () => measure(sphere, client, friends),
          peakMegabytes: () => sphere.peakMegabytes(),
        },
      ]
    }),
}

async function measure(sphere: BenchSphere, client: BenchClient, friends: BenchClient[]): Promise<Figures> {
  // Restarted, since a process rarely returns memory to the system.
  await sphere.stop('eu')
  await sphere.startRegional('eu')
  const origin = sphere.url('eu')
  await client.upload(origin, 'before', Buffer.from('before'))
  await sleep(IDLE_MS)
  const before = sphere.megabytes('eu')
  await using crowd = await StreamCrowd.open(
    origin,
    [client, ...friends].map(({ cookie }) => cookie),
    STREAMS,
  )
  await sleep(IDLE_MS)
  const memory = ((sphere.megabytes('eu') - before) * 1024) / STREAMS
  const times: number[] = []
  for (let change = 0; change < CHANGES; change += 1) {
    const name = `change-${change}-${Date.now()}`
    const all = crowd.waitUntilAllReceive(name)
    const began = performance.now()
    const uploaded = client.upload(origin, name, Buffer.from(name), { visibility: 'friends' })
    times.push((await all) - began)
    await uploaded
    await sleep(100)
  }
  return { memory, change: median(times) }
}
