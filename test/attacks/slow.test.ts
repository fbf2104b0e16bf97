import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { isLong, missing, run } from './tools.js'
import { openVictim, type Victim } from './victim.js'

const skip = missing('slowhttptest')
const CONNECTIONS = 1000
/** Headers and bodies that are late are ended after 15 s, and the tool then ends by itself; on a busy machine later. */
const MOST_SECONDS = 60
/** A chunk of an answer that hardly anybody takes is given minutes. */
const READ_SECONDS = isLong ? 330 : 25
const MIB = 1024 * 1024

t.setTimeout((MOST_SECONDS + READ_SECONDS + 60) * 1000)

interface Attack {
  what: string
  args: string[]
  seconds: number
  /** Whether the server ends all connections within the time. */
  isEnded: boolean
}

interface Latency {
  count: number
  failed: number
  medianMs: number
  worstMs: number
}

const attacks = (origin: string, fileId: string): Attack[] => [
  {
    what: 'slow headers',
    args: ['-H', '-i', '5', '-u', `${origin}/health`],
    seconds: MOST_SECONDS,
    isEnded: true,
  },
  {
    what: 'slow bodies',
    args: ['-B', '-i', '5', '-s', '4096', '-f', 'application/json', '-u', `${origin}/login`],
    seconds: MOST_SECONDS,
    isEnded: true,
  },
  {
    what: 'slow readers',
    args: ['-X', '-n', '5', '-z', '32', '-w', '10', '-y', '20', '-u', `${origin}/download/${fileId}`],
    seconds: READ_SECONDS,
    isEnded: isLong,
  },
]

/** What somebody who works meets: reading, and every tenth time an upload; until `stop` is called. */
function work({ dana }: Victim): { stop(): Promise<Latency> } {
  const times: number[] = []
  let failed = 0
  let isStopped = false
  async function go(): Promise<void> {
    for (let i = 0; !isStopped; i += 1) {
      const start = performance.now()
      const answer = await (i % 10 === 0 ? dana.upload(randomBytes(2000)) : dana.get('/files?limit=20'))
      times.push(performance.now() - start)
      if (answer.status >= 300) failed += 1
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

async function attack(t: Test, { what, args, seconds, isEnded }: Attack): Promise<void> {
  const common = ['-c', String(CONNECTIONS), '-r', '500', '-l', String(seconds)]
  const { output } = await run(t, 'slowhttptest', [...common, ...args], (seconds + 30) * 1000)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it writes in colours
  const plain = output.replaceAll(/\u001b\[[\d;]*m/g, '')
  const most = Math.max(...[...plain.matchAll(/connected:\s+(\d+)/g)].map(([, count]) => Number(count)))
  t.equal(most, CONNECTIONS, `${what}: ${most} connections stood at once`)
  if (isEnded) t.match(plain, /No open connections left/, `${what}: the server ended them all`)
}

t.test('a thousand slow clients of each kind keep nobody from working', { skip }, async (t) => {
  const victim = await openVictim(t)
  const { server, dana, faults } = victim
  const { id } = await dana.put(randomBytes(20 * MIB), { visibility: 'public' })
  for (let i = 0; i < 20; i += 1) await dana.put(randomBytes(100))

  const calm = work(victim)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const before = await calm.stop()
  t.comment(`unattacked: ${show(before)}`)

  const busy = work(victim)
  await Promise.all(attacks(server.url, id).map((one) => attack(t, one)))
  const during = await busy.stop()
  t.comment(`attacked: ${show(during)}`)
  t.equal(during.failed, 0, 'everybody was answered')
  t.ok(during.count > READ_SECONDS, `${during.count} requests`)
  // The tools take most of the machine; what is meant is that nobody waits for the slow ones.
  t.ok(during.medianMs < 1000, `median ${during.medianMs.toFixed(1)} ms`)
  t.ok(server.peakBytes < 800 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  t.strictSame(await faults(), [])
})
