import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { until } from '../support/until.js'
import { openTarget, type Target } from './target.js'
import { isLong, missing, run } from './tools.js'

const skip = missing('slowhttptest')
const CONNECTIONS = 1000
/** Upper bound of the connections of other clients. */
const OTHER_CONNECTIONS = 100
const MIB = 1024 * 1024
/** The server disconnects a slow reader only after minutes. */
const READERS_MS = isLong ? 330_000 : 10_000

t.setTimeout(READERS_MS + 180_000)

interface Latency {
  count: number
  failed: number
  medianMs: number
  worstMs: number
}

const SLOW_HEADERS = (origin: string) => ['-H', '-i', '5', '-u', `${origin}/health`]
const SLOW_BODIES = (origin: string) => [
  ...['-B', '-i', '5', '-s', '4096', '-f', 'application/json'],
  ...['-u', `${origin}/login`],
]
const SLOW_READERS = (origin: string, id: string) => [
  ...['-X', '-n', '5', '-z', '32', '-w', '10', '-y', '20'],
  ...['-u', `${origin}/download/${id}`],
]

/** Measures a normal user's latency: reads, and every tenth time an upload, until `stop`. */
function measureLatency({ dana }: Target): { stop(): Promise<Latency> } {
  const times: number[] = []
  let failed = 0
  let isStopped = false
  async function go(): Promise<void> {
    for (let i = 0; !isStopped; i += 1) {
      const start = performance.now()
      const response = await (i % 10 === 0 ? dana.upload(randomBytes(2000)) : dana.get('/files?limit=20'))
      times.push(performance.now() - start)
      if (response.status >= 300) failed += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const running = go()
  return {
    async stop() {
      isStopped = true
      await running
      const sorted = times.toSorted((a, b) => a - b)
      const quantile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] ?? 0
      return { count: times.length, failed, medianMs: quantile(0.5), worstMs: quantile(1) }
    },
  }
}

const show = ({ count, medianMs, worstMs }: Latency) =>
  `${count} requests, median ${medianMs.toFixed(1)} ms, worst ${worstMs.toFixed(0)} ms`

/** The number of established connections to a port of 127.0.0.1 (proc(5)). */
function established(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const fields = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return fields.filter(([, at, , state]) => at === local && state === '01').length
}

/** Attacks the server with a thousand connections of each kind, until it has closed them all or for `READERS_MS`. */
async function attack(t: Test, target: Target, attacks: string[][], untilClosed: boolean): Promise<Latency> {
  const port = Number(new URL(target.server.url).port)
  const user = measureLatency(target)
  const aborter = new AbortController()
  const common = ['-c', String(CONNECTIONS), '-r', '500', '-l', '600', '-p', '5']
  const tools = attacks.map((args) => run(t, 'slowhttptest', [...common, ...args], 600_000, aborter.signal))
  const all = CONNECTIONS * attacks.length
  let peak = 0
  const countOpen = () => {
    const now = established(port)
    peak = Math.max(peak, now)
    return now
  }
  // A busy machine opens them more slowly than the server closes them.
  await until('most connections are established', () => countOpen() > all / 2, 60_000)
  if (untilClosed) await until('the server has closed them', () => countOpen() < OTHER_CONNECTIONS, 340_000)
  else await new Promise((resolve) => setTimeout(resolve, READERS_MS))
  const left = established(port)
  aborter.abort()
  await Promise.all(tools)
  const latency = await user.stop()
  t.comment(`${Math.max(peak, left)} connections at the peak, ${left} at the end`)
  t.equal(latency.failed, 0, 'every request succeeded')
  t.ok(latency.count > 10, `${latency.count} requests`)
  // The tools use most of the CPU. The bound only excludes waiting for slow clients.
  t.ok(latency.medianMs < 1000, `median ${latency.medianMs.toFixed(1)} ms`)
  return latency
}

t.test('a thousand slow clients of each kind do not block other users', { skip }, async (t) => {
  const target = await openTarget(t)
  const { server, dana, faults } = target
  const { id } = await dana.put(randomBytes(20 * MIB), { visibility: 'public' })
  for (let i = 0; i < 20; i += 1) await dana.put(randomBytes(100))

  const calm = measureLatency(target)
  await new Promise((resolve) => setTimeout(resolve, 2000))
  t.comment(`unattacked: ${show(await calm.stop())}`)

  const senders = await attack(t, target, [SLOW_HEADERS(server.url), SLOW_BODIES(server.url)], true)
  t.comment(`slow headers and bodies, until the server had closed them all: ${show(senders)}`)
  const readers = await attack(t, target, [SLOW_READERS(server.url, id)], isLong)
  t.comment(`slow readers${isLong ? ', until the server had closed them all' : ''}: ${show(readers)}`)
  t.ok(server.peakBytes < 800 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  t.strictSame(await faults(), [])
})
