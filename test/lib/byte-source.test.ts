import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { copyChunks } from '../../src/lib/byte-source.js'

t.test('all chunks of a stream are handed over in order, each after the one before was taken', async (t) => {
  const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(1000, index))
  const taken: Buffer[] = []
  let underWay = 0
  await copyChunks(Readable.from(chunks, { objectMode: false }), (chunk) => {
    t.equal(underWay, 0)
    taken.push(chunk)
    if (taken.length % 3 > 0) return undefined
    underWay += 1
    return turn().then(() => {
      underWay -= 1
    })
  })
  t.equal(underWay, 0, 'the last one too')
  t.ok(Buffer.concat(taken).equals(Buffer.concat(chunks)))
})

t.test('a stream of nothing is over at once', async () => {
  await copyChunks(Readable.from([]), () => undefined)
})

for (const [when, fail] of [
  ['at once', () => Promise.reject(new Error('enough'))],
  ['later', () => turn().then(() => Promise.reject(new Error('enough')))],
  [
    'before it returns',
    () => {
      throw new Error('enough')
    },
  ],
] as const) {
  t.test(`a stream is destroyed when who takes it fails ${when}`, async (t) => {
    const stream = new PassThrough()
    const closed = once(stream, 'close')
    stream.write('something')
    await t.rejects(copyChunks(stream, fail), /enough/)
    await closed
  })
}

t.test('a stream that breaks off while a chunk is being taken is told of after that', async (t) => {
  const stream = new PassThrough()
  stream.write('something')
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  let taken = false
  const poured = copyChunks(stream, async () => {
    await held
    taken = true
  })
  await turn()
  stream.destroy()
  await once(stream, 'close')
  await turn()
  letGo()
  await t.rejects(poured)
  t.ok(taken)
})

t.test('a stream that breaks off, or fails, is not taken for a whole one', async (t) => {
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
