import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, truncateSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { FileSink } from '../../src/blobs/file-sink.js'
import { FileSlice } from '../../src/blobs/file-slice.js'
import type { FileSystem, OpenFile } from '../../src/blobs/file-system.js'
import { nodeFiles } from '../../src/blobs/node-files.js'
import { acquireBuffer, releaseBuffer } from '../../src/blobs/transfer-buffers.js'
import { collect } from '../support/collect.js'
import { until } from '../support/until.js'

const MIB = 1024 * 1024
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Files of the tests' own disk, and of one in memory, which has no way past the cache. */
const DISKS = [tmpdir(), '/dev/shm']

/** A disk that asks for memory of a kind that nobody has: all goes through the cache then. */
const unwilling: FileSystem = {
  ...nodeFiles,
  async openDirect(path, flags) {
    const file = await nodeFiles.openDirect(path, flags)
    return {
      write: (buffer, position) => file.write(misplaced(buffer), position),
      async read(buffer, position) {
        const bytes = misplaced(buffer)
        const { bytesRead } = await file.read(bytes, position)
        bytes.copy(buffer, 0, 0, bytesRead)
        return { bytesRead }
      },
      datasync: () => file.datasync(),
      sync: () => file.sync(),
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    }
  },
}

/** The same bytes where no disk can take them from by itself. */
function misplaced(bytes: Buffer): Buffer {
  const copy = Buffer.alloc(bytes.length + 1).subarray(1)
  bytes.copy(copy)
  return copy
}

async function newFolder(t: Test, disk: string): Promise<string> {
  const folder = await mkdtemp(join(disk, 'files-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

async function write(files: FileSystem, path: string, bytes: Buffer, from = 0, writes = 1): Promise<void> {
  await using sink = new FileSink(await files.openDirect(path, 'rw'), { position: from, maxWrites: writes })
  for (let at = from; at < bytes.length; at += 77_777) await sink.write(bytes.subarray(at, at + 77_777))
  await sink.drain()
  await sink.sync()
}

for (const disk of DISKS) {
  for (const [kind, files] of Object.entries({ able: nodeFiles, unwilling })) {
    t.test(`a file reads back as written, on ${disk}, ${kind}`, async (t) => {
      const folder = await newFolder(t, disk)
      for (const size of [1, 4095, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 4096, 3 * MIB + 4097]) {
        const path = join(folder, String(size))
        const bytes = randomBytes(size)
        await write(files, path, bytes)
        t.ok((await readFile(path)).equals(bytes), `${size} bytes`)
        await write(files, `${path}.3`, bytes, 0, 3)
        t.ok((await readFile(`${path}.3`)).equals(bytes), `${size} bytes, in writes side by side`)
        for (const open of [files.open, files.openDirect]) {
          for (const [start, end] of [
            [0, size - 1],
            [Math.floor(size / 3), size - 1],
            [5, size - 9],
          ] as const) {
            if (end < start) continue
            const part = await collect(new FileSlice(await open(path, 'r'), start, end))
            t.ok(part.equals(bytes.subarray(start, end + 1)), `${start} to ${end} of ${size}`)
          }
        }
      }
    })

    t.test(`writing resumes at any byte, on ${disk}, ${kind}`, async (t) => {
      const folder = await newFolder(t, disk)
      const bytes = randomBytes(3 * MIB + 500)
      for (const at of [1, 4096, MIB - 1, MIB, 2 * MIB + 4095]) {
        const path = join(folder, String(at))
        await write(files, path, bytes.subarray(0, at))
        await write(files, path, bytes, at)
        t.ok((await readFile(path)).equals(bytes), `at ${at}`)
      }
    })
  }
}

/** A file each of whose writes, once on the disk, ends when it is told to, and a sink of two at a time for it. */
async function sinkOfTwo(t: Test) {
  const file = await nodeFiles.openDirect(join(await newFolder(t, tmpdir()), 'file'), 'rw')
  const held: { end: (error?: Error) => void }[] = []
  const isOnDisk = (index: number) => until(`write ${index} is on the disk`, () => held[index] !== undefined)
  const holding: OpenFile = {
    ...file,
    async write(buffer, position) {
      const result = await file.write(buffer, position)
      await new Promise<void>((resolve, reject) => {
        held[position / MIB] = { end: (error) => (error ? reject(error) : resolve()) }
      })
      return result
    },
    datasync: () => file.datasync(),
    close: () => file.close(),
  }
  const written: number[] = []
  const onWritten = (sizeBytes: number) => written.push(sizeBytes)
  return { sink: new FileSink(holding, { maxWrites: 2, onWritten }), held, isOnDisk, written }
}

t.test('concurrent writes count in their order, whichever ends first', async (t) => {
  const { sink, held, isOnDisk, written } = await sinkOfTwo(t)
  const [first, second, third] = [1, 2, 3].map((fill) => Buffer.alloc(MIB, fill)) as [Buffer, Buffer, Buffer]
  t.notOk(sink.write(first) ?? sink.write(second) ?? sink.write(third), 'two are written, one is gathered')
  const taken = sink.write(Buffer.alloc(1, 4))
  t.ok(taken, 'there is no room for more')
  await Promise.all([isOnDisk(0), isOnDisk(1)])
  held[1]?.end()
  await turn()
  t.same(written, [])
  held[0]?.end()
  await taken
  await isOnDisk(2)
  t.same(written, [MIB, MIB])
  held[2]?.end()
  const drained = sink.drain()
  await isOnDisk(3)
  held[3]?.end()
  await drained
  t.same(written, [MIB, MIB, MIB, 1])
  t.equal(sink.digest(), sha256(Buffer.concat([first, second, third, Buffer.alloc(1, 4)])))
  await sink[Symbol.asyncDispose]()
})

t.test('after a failed write, later ones are not counted', async (t) => {
  const { sink, held, isOnDisk, written } = await sinkOfTwo(t)
  for (const fill of [1, 2, 3]) await sink.write(Buffer.alloc(MIB, fill))
  const taken = sink.write(Buffer.alloc(1))
  await Promise.all([isOnDisk(0), isOnDisk(1)])
  let isClosed = false
  held[0]?.end(new Error('the disk is gone'))
  await t.rejects(taken as Promise<void>, { message: 'the disk is gone' })
  const drained = t.rejects(sink.drain(), { message: 'the disk is gone' })
  const closed = sink[Symbol.asyncDispose]().then(() => {
    isClosed = true
  })
  await turn()
  t.notOk(isClosed, 'a buffer is still being written from')
  held[1]?.end()
  await Promise.all([drained, closed])
  t.same(written, [])
})

const FINCORE = '/usr/bin/fincore'
const skip = existsSync(FINCORE) ? false : 'fincore is not installed (Debian package util-linux-extra)'

t.test('direct reads and writes bypass the page cache, and downloads use it', { skip }, async (t) => {
  const path = join(t.testdir({}), 'direct')
  const cachedBytes = () =>
    Number(execFileSync(FINCORE, ['--bytes', '--raw', '--noheadings', '--output', 'RES', path]))
  const bytes = randomBytes(4 * MIB)
  const read = async (open: FileSystem['open']) =>
    collect(new FileSlice(await open(path, 'r'), 0, bytes.length - 1))
  await write(nodeFiles, path, bytes)
  t.equal(cachedBytes(), 0, 'written')
  t.ok((await read(nodeFiles.openDirect)).equals(bytes))
  t.equal(cachedBytes(), 0, 'read past the cache')
  t.ok((await read(nodeFiles.open)).equals(bytes))
  t.equal(cachedBytes(), bytes.length)
})

t.test('a file shorter than its size is an error', async (t) => {
  const path = join(await newFolder(t, tmpdir()), 'short')
  await write(nodeFiles, path, randomBytes(2 * MIB))
  truncateSync(path, MIB + 17)
  for (const open of [nodeFiles.open, nodeFiles.openDirect])
    await t.rejects(collect(new FileSlice(await open(path, 'r'), 0, 2 * MIB - 1)), { message: /ends before/ })
})

t.test('transfers beyond the large buffers use small ones, and no buffer is used twice', async (t) => {
  const buffers = Array.from({ length: 100 }, acquireBuffer)
  for (const [i, buffer] of buffers.entries()) buffer.fill(i)
  t.ok(buffers.every((buffer, i) => buffer[0] === i && buffer.at(-1) === i))
  const bytes = buffers.reduce((sum, { length }) => sum + length, 0)
  t.ok(bytes <= 40 * MIB, `${bytes} bytes`)
  for (const buffer of buffers) releaseBuffer(buffer)
  const again = acquireBuffer()
  t.equal(
    again,
    buffers.findLast(({ length }) => length === MIB),
  )
  releaseBuffer(again)
})
