import t from 'tap'
import { IncomingBlobs } from '../../../src/blobs/incoming-blobs.js'
import { SystemClock } from '../../../src/domain/system-clock.js'
import { systemRandom } from '../../../src/lib/random.js'
import { systemTimers, type Timers } from '../../../src/lib/timers.js'
import type { Dial } from '../../../src/sync/channel.js'
import { encodeFrame } from '../../../src/sync/protocol.js'
import { BlobTransfer } from '../../../src/sync/regional/blob-transfer.js'
import type { RemoteBlobs } from '../../../src/sync/regional/remote-blobs.js'
import { SyncClient } from '../../../src/sync/regional/sync-client.js'
import { bareRegional } from '../../support/bare-regional.js'
import { until } from '../../support/until.js'

/** Timers on which every wait is over at once, and what was waited for. */
function impatient(): { timers: Timers; waits: number[]; pass(ms: number): void } {
  const waits: number[] = []
  let now = 0
  const timers: Timers = {
    ...systemTimers,
    now: () => now,
    after(ms, run) {
      waits.push(ms)
      const timer = setImmediate(run)
      return { stop: () => clearImmediate(timer) }
    },
    every: () => ({ stop() {} }),
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { timers, waits, pass }
}

for (const { lastsMs, waitsLonger } of [
  { lastsMs: 0, waitsLonger: true },
  { lastsMs: 60_000, waitsLonger: false },
]) {
  const how = waitsLonger ? 'longer and longer' : 'no longer'
  t.test(`after sessions that end ${lastsMs} ms after their welcome the client waits ${how}`, async (t) => {
    const { db, dataDir, blobs, journal, replicas, logger, now } = await bareRegional(t)
    const { timers, waits, pass } = impatient()
    let links = 0
    const dial: Dial = (events, onOpen) => {
      const opening = setImmediate(() => {
        links += 1
        onOpen(channel)
        events.onFrame(welcome(now()))
        pass(lastsMs)
        channel.close('refused')
      })
      const channel = {
        send() {},
        close(reason: string) {
          clearImmediate(opening)
          events.onClose(reason)
        },
      }
      return channel
    }
    const grand = { async [Symbol.asyncDispose]() {} } as unknown as RemoteBlobs
    const incoming = IncomingBlobs.open(db, blobs, dataDir)
    const clock = new SystemClock(now)
    const random = systemRandom
    const transfer = new BlobTransfer({ grand, db, blobs, incoming, timers, random, logger })
    const parts = { server: 'eu', db, blobs, transfer, journal, replicas, clock, timers, random, logger }
    await using _plugin = new SyncClient({ ...parts, dial }).start()
    await until('the client has reconnected ten times', () => links >= 11)
    const longest = Math.max(...waits)
    t.ok(waitsLonger ? longest >= 5000 : longest <= 200, `waited ${waits.map(Math.round)} ms`)
  })
}

function welcome(time: number): Buffer {
  const log = { log_id: 'a'.repeat(32), head: 0, seen: null, cursor_known: true, watermarks: {} }
  return encodeFrame({ type: 'welcome', changes: 1, protocol: 1, server: 'grand', time, ...log })
}
