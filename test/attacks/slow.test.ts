import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { until } from '../support/until.js'
import { openTarget, type Target } from './target.js'
import { isLong, missing, run } from './tools.js'

const skip = missing('slowhttptest')
const CONNECTIONS = 1000
/** Those that are not slow have fewer. */
const OTHERS = 100
const MIB = 1024 * 1024
/** A chunk of an answer that hardly anybody takes is given minutes before the connection is ended. */
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

/** What somebody who works meets: reading, and every tenth time an upload; until `stop` is called. */
function work({ dana }: Target): { stop(): Promise<Latency> } {
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
  const going = go()
  return {
    async stop() {
      isStopped = true
      await going
      const sorted = times.toSorted((a, b) => a - b)
      const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? 0
      return { count: times.length, failed, medianMs: at(0.5), worstMs: at(1) }
    },
  }
}

const show = ({ count, medianMs, worstMs }: Latency) =>
  `${count} requests, median ${medianMs.toFixed(1)} ms, worst ${worstMs.toFixed(0)} ms`

/** Connections to a port of 127.0.0.1 that stand, as the kernel knows them (proc(5)). */
function established(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const fields = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return fields.filter(([, at, , state]) => at === local && state === '01').length
}

/** Attacks the server in these ways, each with a thousand connections: until it has ended them all, or for a time. */
async function besiege(t: Test, target: Target, attacks: string[][], untilEnded: boolean): Promise<Latency> {
  const port = Number(new URL(target.server.url).port)
  const busy = work(target)
  const over = new AbortController()
  const common = ['-c', String(CONNECTIONS), '-r', '500', '-l', '600', '-p', '5']
  const tools = attacks.map((args) => run(t, 'slowhttptest', [...common, ...args], 600_000, over.signal))
  const all = CONNECTIONS * attacks.length
  let most = 0
  const standing = () => {
    const now = established(port)
    most = Math.max(most, now)
    return now
  }
  // A machine with much else to do opens them more slowly than the server ends them.
  await until('most connections stand', () => standing() > all / 2, 60_000)
  if (untilEnded) await until('the server has ended them', () => standing() < OTHERS, 340_000)
  else await new Promise((resolve) => setTimeout(resolve, READERS_MS))
  const left = established(port)
  over.abort()
  await Promise.all(tools)
  const met = await busy.stop()
  t.comment(`${Math.max(most, left)} connections stood at once, ${left} in the end`)
  t.equal(met.failed, 0, 'everybody was answered')
  t.ok(met.count > 10, `${met.count} requests`)
  // The tools take most of the machine; what is meant is that nobody waits for the slow ones.
  t.ok(met.medianMs < 1000, `median ${met.medianMs.toFixed(1)} ms`)
  return met
}

t.test('a thousand slow clients of each kind keep nobody from working', { skip }, async (t) => {
  const target = await openTarget(t)
  const { server, dana, faults } = target
  const { id } = await dana.put(randomBytes(20 * MIB), { visibility: 'public' })
  for (let i = 0; i < 20; i += 1) await dana.put(randomBytes(100))

  const calm = work(target)
  await new Promise((resolve) => setTimeout(resolve, 2000))
  t.comment(`unattacked: ${show(await calm.stop())}`)

  const senders = await besiege(t, target, [SLOW_HEADERS(server.url), SLOW_BODIES(server.url)], true)
  t.comment(`slow headers and bodies, until the server had ended them all: ${show(senders)}`)
  const readers = await besiege(t, target, [SLOW_READERS(server.url, id)], isLong)
  t.comment(`slow readers${isLong ? ', until the server had ended them all' : ''}: ${show(readers)}`)
  t.ok(server.peakBytes < 800 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  t.strictSame(await faults(), [])
})
