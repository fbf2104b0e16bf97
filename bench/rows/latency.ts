import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BenchClient } from '../client.js'
import { installed } from '../installed.js'
import { SyncthingPair } from '../peers/syncthing.js'
import { prepared } from '../prepared.js'
import { type Figures, HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { until } from '../until.js'

const CHANGES = 1000
const EVERY_MS = 10
const BYTES = 100

const SCANS = 25

/** Syncthing batches changes for 250 ms after a scan; a change after this pause is sent at once. */
const BETWEEN_SCANS_MS = 300

export const latency: Row = {
  name: 'latency',
  title: 'a change to another regional',
  figures: {
    p50: { title: 'p50 at 100/s', unit: 'ms', better: 'less', targets: [{ atMost: 5 }] },
    p99: { title: 'p99 at 100/s', unit: 'ms', better: 'less', targets: [{ atMost: 30 }] },
  },
  rounds: 3,
  prepare: () =>
    prepared(async (own, missing) => {
      const sphere = own(await BenchSphere.start(['eu', 'us', 'ap']))
      const client = await BenchClient.register(sphere.url('eu'))
      await client.waitForSession(sphere.url('us'))
      const here = {
        name: HERE,
        measure: () => measureHere(client, sphere.url('eu'), sphere.url('us')),
        peakMegabytes: () => sphere.peakMegabytes(),
      }
      const command = installed('syncthing')
      if (command === undefined) {
        missing.push(SyncthingPair.missing)
        return [here]
      }
      const pair = own(await SyncthingPair.start(command))
      return [here, { name: 'Syncthing, scans one by one', measure: () => measureScans(pair) }]
    }),
}

/** Measures from the response to an upload on one regional to the event on another. */
async function measureHere(client: BenchClient, from: string, to: string): Promise<Figures> {
  const prefix = randomBytes(4).toString('hex')
  const seen = new Map<string, number>()
  const stop = await client.listen(to, (name) => seen.set(name, performance.now()))
  const responded = new Map<string, number>()
  const uploads: Promise<void>[] = []
  const began = performance.now()
  for (let i = 0; i < CHANGES; i += 1) {
    await sleep(Math.max(0, began + i * EVERY_MS - performance.now()))
    const name = `${prefix}-${i}`
    const upload = client.upload(from, name, randomBytes(BYTES))
    uploads.push(upload.then(() => void responded.set(name, performance.now())))
  }
  await Promise.all(uploads)
  await until(async () => seen.size >= CHANGES)
  stop()
  return percentiles([...responded].map(([name, at]) => (seen.get(name) as number) - at))
}

/**
 * Measures from the scan request until the file has its final name on the other device, which it gets once complete.
 */
async function measureScans(pair: SyncthingPair): Promise<Figures> {
  const times: number[] = []
  for (let i = 0; i < SCANS; i += 1) {
    const name = randomBytes(8).toString('hex')
    writeFileSync(join(pair.source, name), randomBytes(BYTES))
    const began = performance.now()
    const scan = pair.scan(name)
    await until(async () => existsSync(join(pair.destination, name)), 1)
    times.push(performance.now() - began)
    await scan
    await sleep(BETWEEN_SCANS_MS)
  }
  return percentiles(times)
}

function percentiles(times: number[]): Figures {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] as number
  return { p50: at(0.5), p99: at(0.99) }
}
