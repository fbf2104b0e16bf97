import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTick } from 'node:timers/promises'
import t from 'tap'
import { copyChunks } from '../../src/lib/byte-source.js'

t.test('copyChunks passes chunks in order, each after the previous one was consumed', async (t) => {
  const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(1000, index))
  const taken: Buffer[] = []
  let inFlight = 0
  await copyChunks(Readable.from(chunks, { objectMode: false }), (chunk) => {
    t.equal(inFlight, 0)
    taken.push(chunk)
    if (taken.length % 3 > 0) return undefined
    inFlight += 1
    return nextTick().then(() => {
      inFlight -= 1
    })
  })
  t.equal(inFlight, 0, 'the last chunk was consumed')
  t.ok(Buffer.concat(taken).equals(Buffer.concat(chunks)))
})

t.test('An empty stream ends at once', async () => {
  await copyChunks(Readable.from([]), () => undefined)
})

for (const [when, fail] of [
  ['with a rejected promise', () => Promise.reject(new Error('enough'))],
  ['asynchronously', () => nextTick().then(() => Promise.reject(new Error('enough')))],
  [
    'synchronously',
    () => {
      throw new Error('enough')
    },
  ],
] as const) {
  t.test(`A stream is destroyed if its consumer fails ${when}`, async (t) => {
    const stream = new PassThrough()
    const closed = once(stream, 'close')
    stream.write('something')
    await t.rejects(copyChunks(stream, fail), /enough/)
    await closed
  })
}

t.test('An error of the stream during a chunk is reported after the chunk was consumed', async (t) => {
  const stream = new PassThrough()
  stream.write('something')
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  let taken = false
  const copied = copyChunks(stream, async () => {
    await held
    taken = true
  })
  await nextTick()
  stream.destroy()
  await once(stream, 'close')
  await nextTick()
  release()
  await t.rejects(copied)
  t.ok(taken)
})

t.test('A stream that ends early or fails is not taken for a complete one', async (t) => {
  const cut = new PassThrough()
  const early = t.rejects(
    copyChunks(cut, () => undefined),
    { code: 'ERR_STREAM_PREMATURE_CLOSE' },
  )
  cut.write('something')
  cut.destroy()
  await early
  const failing = new PassThrough()
  const failed = t.rejects(
    copyChunks(failing, () => undefined),
    /the wire broke/,
  )
  failing.destroy(new Error('the wire broke'))
  await failed
})
