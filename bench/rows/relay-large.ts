import { join } from 'node:path'
import { BenchClient } from '../client.js'
import { Peaks } from '../peaks.js'
import { type Payload, relayPeers } from '../peers/relays.js'
import { prepared } from '../prepared.js'
import { writeRandomFile } from '../random-file.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { TempFolder } from '../temp-folder.js'
import { until } from '../until.js'

const BYTES = 1024 ** 3
const NAME = 'large.bin'
/** Polling more often would take a tenth of a core. */
const POLL_MS = 25

const PAYLOAD: Payload = {
  amount: BYTES / 1e6,
  bytes: BYTES,
  write: (folder) => writeRandomFile(join(folder, NAME), BYTES),
}

export const relayLarge: Row = {
  name: 'relay-large',
  title: '1 GiB from regional to regional',
  figures: {
    rate: {
      title: 'rate',
      unit: 'MB/s',
      better: 'more',
      targets: [
        { peer: 'Syncthing', ratio: 1.7 },
        { peer: 'rsync --fsync over stunnel', ratio: 0.8 },
      ],
    },
  },
  rounds: 3,
  prepare: () =>
    prepared(async (own, missing) => {
      const peaks = new Peaks()
      const measure = async () => ({ rate: PAYLOAD.amount / (await timeHere(peaks)) })
      const here = { name: HERE, measure, peakMegabytes: () => peaks.get() }
      return [here, ...(await relayPeers(own, missing, PAYLOAD))]
    }),
}

/** Returns seconds from the response to the upload on one regional until another has a verified, durable replica. */
async function timeHere(peaks: Peaks): Promise<number> {
  await using folder = new TempFolder()
  PAYLOAD.write(folder.path)
  await using sphere = await BenchSphere.start(['eu', 'us'])
  const client = await BenchClient.register(sphere.url('eu'))
  await client.waitForSession(sphere.url('us'))
  const { id } = await client.uploadFile(sphere.url('eu'), join(folder.path, NAME))
  const began = performance.now()
  await until(async () => {
    const { stored_on } = await client.json(`${sphere.url('us')}/files/${id}`)
    return Array.isArray(stored_on) && stored_on.includes('us') && stored_on.includes('grand')
  }, POLL_MS)
  const seconds = (performance.now() - began) / 1000
  peaks.note(sphere.peakMegabytes())
  return seconds
}
