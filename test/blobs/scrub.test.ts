import { writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { BlobStore } from '../../src/blobs/blob-store.js'
import { scrub } from '../../src/blobs/scrub.js'
import { Database } from '../../src/db/engine/database.js'
import { newDataDir } from '../support/data-dir.js'

const DAY_MS = 24 * 3600 * 1000
const COUNT = 6

/** A server's blobs on a disk that spoilt them all, so that each one that is checked is found. */
class SpoiltDisk {
  readonly #dir: string
  readonly #bytes = new Map<string, Buffer>()
  #db: Database
  #blobs: BlobStore
  /** Milliseconds since 1970. */
  now = Date.UTC(2026, 10, 23)
  names: string[] = []

  static async open(t: Test): Promise<SpoiltDisk> {
    const disk = new SpoiltDisk(await newDataDir(t))
    t.teardown(() => disk.close())
    for (let count = 0; count < COUNT; count += 1) await disk.store(Buffer.alloc(100_000, count))
    disk.names.sort()
    return disk
  }

  private constructor(dir: string) {
    this.#dir = dir
    this.#db = this.#open()
    this.#blobs = BlobStore.open(this.#db, dir)
  }

  async store(bytes: Buffer): Promise<void> {
    await using writer = this.#blobs.writer()
    await writer.write(bytes)
    const staged = await writer.finish()
    await this.#db.write((tx) => this.#blobs.store(tx, staged, new Date(this.now)))
    if (!this.#bytes.has(staged.sha256)) this.names.push(staged.sha256)
    this.#bytes.set(staged.sha256, bytes)
    writeFileSync(this.#blobs.pathOf(staged.sha256), 'spoilt')
  }

  storeAgain(name: string): Promise<void> {
    return this.store(this.#bytes.get(name) as Buffer)
  }

  async restart(): Promise<void> {
    await this.close()
    this.#db = this.#open()
    this.#blobs = BlobStore.open(this.#db, this.#dir)
  }

  close(): Promise<void> {
    return this.#db[Symbol.asyncDispose]()
  }

  pathOf(name: string): string {
    return this.#blobs.pathOf(name)
  }

  /** Scrubs until so many were found, then the server is told to end; returns which. */
  async scrub(most = Number.POSITIVE_INFINITY): Promise<string[]> {
    const stop = new AbortController()
    let found = 0
    const blobs = new Proxy(this.#blobs, {
      get: (blobs, name) => {
        if (name === 'remove' && ++found >= most) stop.abort()
        const value = Reflect.get(blobs, name, blobs)
        return typeof value === 'function' ? value.bind(blobs) : value
      },
    })
    const { now } = this
    const { corrupt } = await scrub({ db: this.#db, blobs, now: () => now, everyMs: DAY_MS }, stop.signal)
    return corrupt
  }

  #open(): Database {
    return Database.open(join(this.#dir, 'regional.db'), 'regional')
  }
}

t.test('a scrub interrupted by a restart resumes where it was', async (t) => {
  const disk = await SpoiltDisk.open(t)
  t.strictSame(await disk.scrub(2), disk.names.slice(0, 2))
  await disk.restart()
  await disk.storeAgain(disk.names[0] as string)
  t.strictSame(await disk.scrub(1), disk.names.slice(2, 3), 'what was checked is not checked twice')
  await disk.restart()
  t.strictSame(await disk.scrub(), disk.names.slice(3, COUNT))
})

t.test('the first scrub is due at once, and the next one a day after the last one ended', async (t) => {
  const disk = await SpoiltDisk.open(t)
  t.strictSame(await disk.scrub(), disk.names)
  await disk.store(Buffer.from('x'.repeat(100_000)))
  const last = disk.names.slice(-1)
  disk.now += DAY_MS - 1
  t.strictSame(await disk.scrub(), [], 'not yet')
  await disk.restart()
  t.strictSame(await disk.scrub(), [], 'nor because of a restart')
  disk.now += 1
  t.strictSame(await disk.scrub(), last)
})

t.test('a clock that was set back does not delay the next scrub', async (t) => {
  const disk = await SpoiltDisk.open(t)
  await disk.scrub()
  await disk.store(Buffer.from('x'.repeat(100_000)))
  disk.now -= 300 * DAY_MS
  t.strictSame(await disk.scrub(), disk.names.slice(-1))
})

t.test('a blob that cannot be read is an error, and the others are still checked', async (t) => {
  const disk = await SpoiltDisk.open(t)
  const [first] = disk.names as [string]
  const path = disk.pathOf(first)
  await rm(path)
  await mkdir(path)
  await t.rejects(disk.scrub(), { code: 'EISDIR' })
  t.strictSame(await disk.scrub(), disk.names.slice(1))
})
