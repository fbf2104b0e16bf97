import { test } from 'tap'
import { LogDestination } from '../../src/observability/log-destination.js'
import { createLogger } from '../../src/observability/logger.js'
import { until } from '../support/until.js'

const ENOSPC = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
const RETRY_MS = 5

/** A disk that rejects writes while it is full, and writes partially otherwise. */
function smallDisk() {
  const disk = { isFull: false, text: '', attempts: 0, write }
  function write(bytes: Buffer, done: (error: Error | null, written: number) => void): void {
    disk.attempts += 1
    const written = disk.isFull ? 0 : Math.min(bytes.length, 10_000)
    disk.text += bytes.toString('utf8', 0, written)
    setImmediate(() => done(disk.isFull ? ENOSPC : null, written))
  }
  return disk
}

test('Lines rejected by a full disk are written once it has space', async (t) => {
  const disk = smallDisk()
  const log = new LogDestination(disk.write, RETRY_MS)
  disk.isFull = true
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index} of a log\n`)
  for (const line of lines) log.write(line)
  await until('the write is retried', () => disk.attempts > 3)
  disk.isFull = false
  await log.flush(20_000)
  t.equal(disk.text, lines.join(''))
})

test('A log that cannot be written keeps 4 MiB of lines and reports how many were lost', async (t) => {
  const disk = smallDisk()
  const stream = new LogDestination(disk.write, RETRY_MS)
  const log = createLogger({ level: 'info', server: 'eu', stream })
  disk.isFull = true
  const text = 'x'.repeat(100_000)
  for (let index = 0; index < 100; index += 1) log.info({ text, index }, 'large')
  await until('the write is retried', () => disk.attempts > 3)
  disk.isFull = false
  await stream.flush(20_000)
  const lines = disk.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const kept = lines.filter(({ msg }) => msg === 'large')
  t.ok(disk.text.length < 4.1 * 1024 * 1024, `${disk.text.length} bytes were kept`)
  t.same(
    kept.map(({ index }) => index),
    kept.map((_, index) => index),
    'the first lines are kept in order',
  )
  t.match(lines.at(-1), { level: 'warn', count: 100 - kept.length })
})

test('Waiting for a log whose reader is stuck times out', async (t) => {
  const log = new LogDestination(() => undefined)
  log.write('a line\n')
  await log.flush(10)
  t.pass('the wait has timed out')
})
