import t from 'tap'
import type { GrandCore } from '../../src/app/grand-core.js'
import { bytesOf } from '../support/byte-sources.js'
import { BREAKS, Network } from './network.js'
import { Life, World } from './world.js'

const SHA256 = 'a'.repeat(64)
const BYTES = Buffer.alloc(100_000, 'bytes')

/** Longer than an end needs to detect a broken connection, and shorter than the stall timeout of a transfer. */
const DETECTED_MS = 10_000

/** A grand that has a blob, and a regional that downloads it. */
function downloading(seed: string) {
  const world = new World(seed)
  const network = new Network(world)
  const download = { status: 200, headers: {}, size: BYTES.length, bytes: BYTES }
  const core = { downloads: { prepare: async () => download } } as unknown as GrandCore
  network.listen({ life: new Life(world, 'grand'), core })
  const link = new AbortController()
  const remote = network.blobsFrom('eu', new Life(world, 'eu'))
  let outcome: string | undefined
  remote
    .get(SHA256, 0, BYTES.length - 1, link.signal)
    .then(async (bytes) => bytes && bytesOf(bytes))
    .then(
      (bytes) => (outcome = bytes?.equals(BYTES) ? 'whole' : 'other bytes'),
      () => (outcome = 'failed'),
    )
  return {
    world,
    network,
    link,
    /** The outcome of the download after a delay, if there is one. */
    async outcomeAfter(ms: number) {
      await world.run(() => outcome !== undefined, world.now + ms)
      return outcome
    },
  }
}

t.test('A download over an intact connection completes', async (t) => {
  t.equal(await downloading('whole').outcomeAfter(DETECTED_MS), 'whole')
})

for (const how of BREAKS) {
  t.test(`A download whose connection breaks during the handshake fails in time (${how})`, async (t) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { network, outcomeAfter } = downloading(`${how} ${seed}`)
      network.cut('eu', how)
      t.equal(await outcomeAfter(DETECTED_MS), 'failed', `the network of seed ${seed}`)
    }
  })
}

t.test('A download fails when its link closes, even over a connection that is already broken', async (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { world, network, link, outcomeAfter } = downloading(`link ${seed}`)
    network.cut('eu', 'silent')
    world.after(2000, () => link.abort())
    t.equal(await outcomeAfter(3000), 'failed', `the network of seed ${seed}`)
  }
})
