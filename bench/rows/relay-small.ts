import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BenchClient } from '../client.js'
import { Peaks } from '../peaks.js'
import { type Payload, relayPeers } from '../peers/relays.js'
import { prepared } from '../prepared.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { until } from '../until.js'

const FILES = 10_000
const BYTES = 4096

const PAYLOAD: Payload = {
  amount: FILES,
  bytes: FILES * BYTES,
  write(folder) {
    for (let i = 0; i < FILES; i += 1) writeFileSync(join(folder, `file-${i}.bin`), randomBytes(BYTES))
  },
}

export const relaySmall: Row = {
  name: 'relay-small',
  title: '10,000 files of 4 KiB from regional to regional',
  figures: {
    rate: {
      title: 'rate',
      unit: 'files/s',
      better: 'more',
      targets: [
        { peer: 'Syncthing', ratio: 25 },
        { peer: 'rsync --fsync over stunnel', ratio: 3 },
      ],
    },
  },
  rounds: 3,
  prepare: () =>
    prepared(async (own, missing) => {
      const peaks = new Peaks()
      const measure = async () => ({ rate: FILES / (await timeHere(peaks)) })
      const here = { name: HERE, measure, peakMegabytes: () => peaks.get() }
      return [here, ...(await relayPeers(own, missing, PAYLOAD))]
    }),
}

/**
 * Returns seconds until a second regional has all files, from the moment that the first one, which had been offline
 * with the files, is ready. The peers likewise have the files on disk at the start.
 */
async function timeHere(peaks: Peaks): Promise<number> {
  await using sphere = await BenchSphere.start(['eu', 'us'])
  const [eu, us] = [sphere.url('eu'), sphere.url('us')]
  const client = await BenchClient.register(eu)
  await client.waitForSession(us)
  await sphere.stop('grand')
  await client.uploadAll(eu, FILES, () => randomBytes(BYTES))
  await sphere.stop('eu')
  await sphere.startGrand()
  await until(async () => (await client.json(`${us}/sync/status`))['connected'] === true, 20)
  await sphere.startRegional('eu')
  const began = performance.now()
  await until(async () => (await client.json(`${us}/me`))['used_storage'] === FILES * BYTES, 20)
  const seconds = (performance.now() - began) / 1000
  peaks.note(sphere.peakMegabytes())
  return seconds
}
