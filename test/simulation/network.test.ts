import t from 'tap'
import type { GrandCore } from '../../src/app/grand-core.js'
import { bytesOf } from '../support/byte-sources.js'
import { BREAKS, Network } from './network.js'
import { Life, World } from './world.js'

const SHA256 = 'a'.repeat(64)
const BYTES = Buffer.alloc(100_000, 'bytes')

/** Longer than an end of a connection takes to find out that it is broken, and shorter than a transfer may stand still. */
const FOUND_OUT_MS = 10_000

/** A line to a grand that has the bytes, and a download on it. */
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
    /** How the download ended, if it has after so long. */
    async within(ms: number) {
      await world.run(() => outcome !== undefined, world.now + ms)
      return outcome
    },
  }
}

t.test('a download over a line that holds comes whole', async (t) => {
  t.equal(await downloading('whole').within(FOUND_OUT_MS), 'whole')
})

for (const how of BREAKS) {
  t.test(`a download comes to an end if its connection breaks before it stands: ${how}`, async (t) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { network, within } = downloading(`${how} ${seed}`)
      network.cut('eu', how)
      t.equal(await within(FOUND_OUT_MS), 'failed', `the network of seed ${seed}`)
    }
  })
}

t.test('a download ends with its link, also one whose connection is broken already', async (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { world, network, link, within } = downloading(`link ${seed}`)
    network.cut('eu', 'silent')
    world.after(2000, () => link.abort())
    t.equal(await within(3000), 'failed', `the network of seed ${seed}`)
  }
})
