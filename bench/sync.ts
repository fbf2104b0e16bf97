/**
 * What syncing takes: `npm run bench:sync [-- ROW …]`. Each row runs on a sphere of its own, in its default
 * configuration, on this machine's loopback and disk; Syncthing is measured beside it where it is installed.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { BenchClient } from './client.js'
import { BenchSphere, until, urlOf } from './sphere.js'
import { SyncthingPair } from './syncthing.js'

interface Result {
  row: string
  ours: string
  peer: string
  target: string
  memory: string
}

const LARGE_BYTES = 1024 ** 3
const MANY = 10_000
const SMALL_BYTES = 4096
const CATCH_UP = 100_000
const CHUNK = 1024 * 1024
const RUNS = 3

const ROWS: Record<string, () => Promise<Result>> = { latency, large, many, 'catch-up': catchUp }

const wanted = process.argv.slice(2)
const names = wanted.length > 0 ? wanted : Object.keys(ROWS)
for (const name of names) {
  const row = ROWS[name]
  if (row === undefined) throw new Error(`no row ${name}; there are ${Object.keys(ROWS).join(', ')}`)
  const { ours, peer, target, memory, row: title } = await row()
  console.log(
    `${title}\n  here       ${ours}\n  Syncthing  ${peer}\n  target     ${target}\n  peak RSS   ${memory}\n`,
  )
}

/** From the answer to an upload on one regional to the live event on another, at 100 uploads a second. */
async function latency(): Promise<Result> {
  await using sphere = await BenchSphere.start(['eu', 'us', 'ap'])
  const client = await BenchClient.register(urlOf('eu'))
  await known(client, 'us')
  const seen = new Map<string, number>()
  const stop = await client.listen(urlOf('us'), (name) => seen.set(name, performance.now()))
  const answered = new Map<string, number>()
  const uploads: Promise<void>[] = []
  const began = performance.now()
  for (let i = 0; i < 2000; i += 1) {
    await sleep(Math.max(0, began + i * 10 - performance.now()))
    const name = `change-${i}`
    const upload = client.upload(urlOf('eu'), name, [randomBytes(100)])
    uploads.push(upload.then(() => void answered.set(name, performance.now())))
  }
  await Promise.all(uploads)
  await until(async () => seen.size >= 2000)
  stop()
  const times = [...answered].map(([name, at]) => (seen.get(name) as number) - at).sort((a, b) => a - b)
  return {
    row: 'a change seen on another regional, 100 a second',
    ours: `p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`,
    peer: 'not measured here: it scans',
    target: 'p50 ≤ 5 ms, p99 ≤ 30 ms',
    memory: memoryOf(sphere, ['grand', 'eu', 'us', 'ap']),
  }
}

/** From the answer to the upload on one regional until another has the bytes, verified and durable. */
async function large(): Promise<Result> {
  const chunks = Array.from({ length: LARGE_BYTES / CHUNK }, () => randomBytes(CHUNK))
  const ours: number[] = []
  const peers: number[] = []
  let memory = ''
  for (let run = 0; run < RUNS; run += 1) {
    await using sphere = await BenchSphere.start(['eu', 'us'])
    const client = await BenchClient.register(urlOf('eu'))
    await known(client, 'us')
    const { id } = await client.upload(urlOf('eu'), 'large.bin', chunks)
    const began = performance.now()
    await until(async () => holds(await client.json(`${urlOf('us')}/files/${id}`), 'us'))
    ours.push(LARGE_BYTES / 1e3 / (performance.now() - began))
    memory = memoryOf(sphere, ['grand', 'eu', 'us'])
    peers.push(...(await SyncthingPair.measure(async (pair) => pair.transferLarge(chunks))))
  }
  return {
    row: '1 GiB from regional to regional, the copy of the grand included',
    ours: `${median(ours).toFixed(0)} MB/s`,
    peer: compared(ours, peers, 'MB/s'),
    target: '≥ 1.7 times Syncthing',
    memory,
  }
}

/**
 * From the start of a regional that has the files, as one that was alone for a while has, until another has them all.
 * Syncthing has them on its disk likewise, and is told to scan. Their upload is timed by itself.
 */
async function many(): Promise<Result> {
  const files = Array.from({ length: MANY }, () => randomBytes(SMALL_BYTES))
  const ours: number[] = []
  const uploads: number[] = []
  const peers: number[] = []
  let memory = ''
  for (let run = 0; run < RUNS; run += 1) {
    await using sphere = await BenchSphere.start(['eu', 'us'])
    const client = await BenchClient.register(urlOf('eu'))
    await known(client, 'us')
    await sphere.stop('grand')
    const uploading = performance.now()
    await uploadAll(client, files)
    uploads.push(MANY / ((performance.now() - uploading) / 1000))
    await sphere.stop('eu')
    await sphere.startGrand()
    await until(async () => (await client.json(`${urlOf('us')}/sync/status`)).connected === true, 20)
    await sphere.startRegional('eu')
    const began = performance.now()
    await until(async () => (await client.json(`${urlOf('us')}/me`)).used_storage === MANY * SMALL_BYTES, 20)
    ours.push(MANY / ((performance.now() - began) / 1000))
    memory = memoryOf(sphere, ['grand', 'eu', 'us'])
    peers.push(...(await SyncthingPair.measure(async (pair) => pair.transferMany(files))))
  }
  return {
    row: '10,000 files of 4 KiB from regional to regional',
    ours: `${median(ours).toFixed(0)} files/s; their upload before, 16 at once: ${median(uploads).toFixed(0)} files/s`,
    peer: compared(ours, peers, 'files/s'),
    target: '≥ 25 times Syncthing',
    memory,
  }
}

/** An empty regional joins a sphere of 100,000 changes. */
async function catchUp(): Promise<Result> {
  await using sphere = await BenchSphere.start(['eu'])
  const client = await BenchClient.register(urlOf('eu'))
  const bytes = randomBytes(16)
  await uploadAll(
    client,
    Array.from({ length: CATCH_UP }, () => bytes),
  )
  await until(async () => (await client.json(`${urlOf('eu')}/sync/status`)).unacknowledged === 0)
  const began = performance.now()
  await sphere.startRegional('us')
  await known(client, 'us')
  await until(async () => {
    const { applied_position, log_head } = await client.json(`${urlOf('us')}/sync/status`)
    return typeof log_head === 'number' && log_head >= CATCH_UP && applied_position === log_head
  }, 20)
  const seconds = (performance.now() - began) / 1000
  return {
    row: 'an empty regional catches up with 100,000 changes',
    ours: `${seconds.toFixed(1)} s`,
    peer: '–',
    target: '≤ 20 s',
    memory: memoryOf(sphere, ['grand', 'us']),
  }
}

async function uploadAll(client: BenchClient, files: Buffer[]): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < files.length) {
      const i = next++
      await client.upload(urlOf('eu'), `file-${i}.bin`, [files[i] as Buffer])
      if (i % 10_000 === 9999) console.error(`  ${i + 1} uploaded`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

/** Waits until a regional knows the client's session. */
async function known(client: BenchClient, name: string): Promise<void> {
  await until(async () => 'username' in (await client.json(`${urlOf(name)}/me`)))
}

function holds(file: Record<string, unknown>, name: string): boolean {
  return Array.isArray(file.stored_on) && file.stored_on.includes(name)
}

function memoryOf(sphere: BenchSphere, servers: string[]): string {
  return servers.map((name) => `${name} ${sphere.peakMegabytes(name).toFixed(0)} MB`).join(', ')
}

function compared(ours: number[], peers: number[], unit: string): string {
  if (peers.length === 0) return 'not installed (Debian package syncthing)'
  return `${median(peers).toFixed(0)} ${unit}; here ${(median(ours) / median(peers)).toFixed(1)} times as much`
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

function at(sorted: number[], share: number): string {
  return (sorted[Math.floor(sorted.length * share)] as number).toFixed(1)
}
