import t from 'tap'
import { SeededRandom } from '../support/random.js'
import { decodeRecord, encodeFlush, encodeWrite, imageAfter, type Step } from './record.js'

const BLOCK = 4096

function write(block: number, byte: number): Step {
  return { at: 0, offset: block * BLOCK, data: Buffer.alloc(BLOCK, byte) }
}

const FLUSH: Step = { at: 0, offset: 0, data: undefined }

t.test('A decoded record equals the recorded writes and flushes', async (t) => {
  const data = Buffer.from('some bytes')
  const bytes = Buffer.concat([encodeWrite(5, 70_000_000_000, data), encodeFlush(6), encodeWrite(7, 0, data)])
  t.same(decodeRecord(bytes), [
    { at: 5, offset: 70_000_000_000, data },
    { at: 6, offset: 0, data: undefined },
    { at: 7, offset: 0, data },
  ])
})

t.test(
  'After a power failure flushed sectors are new, and each other sector is either old or new',
  async (t) => {
    const steps = [write(0, 1), write(1, 1), FLUSH, write(0, 2), write(2, 2), FLUSH, write(1, 3)]
    const seen = new Set<string>()
    for (let seed = 0; seed < 200; seed += 1) {
      const image = imageAfter(steps, 5, 3 * BLOCK, new SeededRandom(`${seed}`))
      const blocks = [0, 1, 2].map((block) => new Set(image.subarray(block * BLOCK, (block + 1) * BLOCK)))
      seen.add(blocks.map((bytes) => [...bytes].sort()).join(' '))
    }
    t.ok(
      [...seen].every((one) => one.split(' ')[1] === '1'),
      'what was flushed',
    )
    const both = ['1 1 0', '1 1 2', '2 1 0', '2 1 2']
    t.same(
      both.filter((one) => !seen.has(one)),
      [],
      'in any combination',
    )
    t.ok(
      [...seen].some((one) => one.includes('1,2')),
      'torn too',
    )
    const after = imageAfter(steps, 6, 3 * BLOCK, new SeededRandom('x'))
    t.same([after[0], after[BLOCK], after[2 * BLOCK]], [2, 1, 2])
  },
)
