/**
 * Bytes that come from another server, under the hash that they have to have. They are kept while they are not
 * complete, so that a transfer goes on where it broke off, and can be read while they still arrive.
 */
import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { INLINE_BYTES } from './blob-writer.js'
import type { BlobStore } from './blobs.js'
import type { Database, Tx } from './database.js'
import { FileSink } from './file-sink.js'
import { FileSlice, readBlocks, type Take } from './file-slice.js'
import type { FileSystem } from './file-system.js'
import { nodeFiles } from './node-files.js'
import { prepare, query } from './query.js'
import { giveBack, takeBuffer } from './transfer-buffers.js'

/** Both servers keep a table of the bytes that they lack. */
const awaited = prepare<{ sha256: string }>()((slot) =>
  query.selectFrom('missing').select('sha256').where('sha256', '=', slot('sha256')),
)

/** Somebody else is bringing these bytes. */
export class BlobBusy extends Error {}

/** The bytes that came are not those of the hash; they are gone again. */
export class CorruptBlob extends Error {}

export class IncomingBlobs {
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #folder: string
  readonly #files: FileSystem
  readonly #now: () => number
  readonly #arriving = new Map<string, IncomingBlob>()

  /** Makes the folder if it is missing, and removes parts of bytes that nobody waits for any more. */
  constructor(
    db: Database,
    blobs: BlobStore,
    dataDir: string,
    { files = nodeFiles, now = Date.now }: { files?: FileSystem; now?: () => number } = {},
  ) {
    this.#files = files
    this.#now = now
    this.#db = db
    this.#blobs = blobs
    this.#folder = join(dataDir, 'incoming')
    files.makeFolderSync(this.#folder)
    for (const name of files.listSync(this.#folder))
      if (!this.#isAwaited(name)) files.removeSync(join(this.#folder, name))
  }

  /**
   * Begins or goes on with a blob. Dispose of it in any case: what came is kept for the next time.
   * @throws BlobBusy
   */
  async open(sha256: string, size: number): Promise<IncomingBlob> {
    if (this.#arriving.has(sha256)) throw new BlobBusy(`${sha256} is arriving already`)
    const blob = new IncomingBlob(this.#files, {
      sha256,
      size,
      path: join(this.#folder, sha256),
      keep: (path, also) => this.#keep(sha256, size, path, also),
      onEnd: () => this.#arriving.delete(sha256),
    })
    // Taken before the first wait, or two could pass the check above.
    this.#arriving.set(sha256, blob)
    try {
      await blob.begin()
      return blob
    } catch (error) {
      await blob[Symbol.asyncDispose]()
      throw error
    }
  }

  /** A blob that is arriving now, to be read along. */
  arriving(sha256: string): IncomingBlob | undefined {
    return this.#arriving.get(sha256)
  }

  /** Bytes of a blob that came so far. */
  async offsetOf(sha256: string): Promise<number> {
    const arriving = this.#arriving.get(sha256)
    if (arriving !== undefined) return arriving.offset
    return keptBytes(this.#files, join(this.#folder, sha256))
  }

  /**
   * Removes parts of bytes that nobody waits for any more, and those that nothing was added to since a time,
   * milliseconds since 1970; returns how many.
   */
  async sweep(beforeMs: number): Promise<number> {
    let count = 0
    for (const name of await this.#files.list(this.#folder)) {
      const path = join(this.#folder, name)
      const found = await this.#files.stat(path).catch(() => undefined)
      const [sha256 = ''] = name.split('.')
      if (found === undefined || this.#arriving.has(sha256)) continue
      if (this.#isAwaited(name) && found.mtimeMs >= beforeMs) continue
      await this.#files.remove(path)
      count += 1
    }
    return count
  }

  #isAwaited(sha256: string): boolean {
    return this.#db.get(awaited, { sha256 }) !== undefined
  }

  async #keep(sha256: string, size: number, path: string, also: (tx: Tx) => void): Promise<void> {
    const keep = async (content?: Buffer) =>
      this.#db.write((tx) => {
        const blob = content === undefined ? { sha256, size } : { sha256, size, content }
        this.#blobs.keep(tx, blob, new Date(this.#now()))
        also(tx)
      })
    if (size <= INLINE_BYTES) {
      await keep(await this.#files.readFile(path))
      await this.#files.remove(path)
      return
    }
    // Under a second name: by the first one it can be read along until it is in the database.
    const placing = `${path}.placing`
    await this.#files.remove(placing)
    await this.#files.link(path, placing)
    {
      await using _placed = await this.#blobs.place(placing, sha256)
      await keep()
    }
    await this.#files.remove(path)
  }
}

interface IncomingOptions {
  sha256: string
  size: number
  path: string
  keep: (path: string, also: (tx: Tx) => void) => Promise<void>
  onEnd: () => void
}

type State = 'arriving' | 'verified' | 'complete' | 'broken'

export class IncomingBlob implements AsyncDisposable {
  readonly #files: FileSystem
  readonly #options: IncomingOptions
  #hash: Hash = createHash('sha256')
  #sink: FileSink | undefined
  #offset = 0
  /** Bytes that are in the file and can be read. */
  #written = 0
  #state: State = 'arriving'
  #changed = signal()

  constructor(files: FileSystem, options: IncomingOptions) {
    this.#files = files
    this.#options = options
  }

  get size(): number {
    return this.#options.size
  }

  /** Bytes that came so far: the next one to bring. */
  get offset(): number {
    return this.#offset
  }

  /** Takes up what came before. Only for IncomingBlobs. */
  async begin(): Promise<void> {
    const { path, size } = this.#options
    const kept = await keptBytes(this.#files, path)
    if (kept > size) await this.#files.remove(path)
    else if (kept > 0) await this.#takeUp(kept)
    this.#sink = new FileSink(await this.#files.openDirect(path, 'rw'), this.#offset, (bytes) => {
      this.#written += bytes
      this.#tell()
    })
  }

  /** @throws CorruptBlob when more comes than the blob has */
  async write(chunk: Buffer): Promise<void> {
    if (this.#offset + chunk.length > this.size) throw await this.#reject('more bytes than the blob has')
    this.#hash.update(chunk)
    this.#offset += chunk.length
    await this.#sink?.write(chunk)
  }

  /**
   * Verifies the bytes, makes them durable and names them in the database.
   * @param also what else belongs into that unit of work
   * @throws CorruptBlob
   */
  async finish(also: (tx: Tx) => void = () => {}): Promise<void> {
    const { sha256, path, keep } = this.#options
    if (this.#offset !== this.size) throw new Error(`only ${this.#offset} of ${this.size} bytes came`)
    await this.#sink?.drain()
    if (this.#hash.digest('hex') !== sha256) throw await this.#reject('other bytes than those of the hash')
    this.#state = 'verified'
    this.#tell()
    await this.#sink?.sync()
    await this.#close()
    await keep(path, also)
    this.#state = 'complete'
  }

  /**
   * Hands out the bytes from `start` to `end`, both inclusive, as they come. The last byte of the range is handed out
   * only when the whole blob is verified, so nobody takes wrong bytes for all of them.
   * @throws Error when the blob breaks off, and what `take` throws
   */
  async follow(start: number, end: number, take: Take): Promise<void> {
    // Held open: the file loses its name when it is complete.
    await using file = await this.#files.openDirect(this.#options.path, 'r')
    const buffer = takeBuffer()
    try {
      for (let at = start; at <= end; ) {
        const ready = this.#ready(end)
        if (ready > at) {
          const chunk = await readBlocks(file, buffer, at, ready - 1)
          at += chunk.length
          await take(chunk)
        } else if (this.#state === 'broken') {
          throw new Error('the bytes stopped arriving')
        } else {
          await this.#changed.promise
        }
      }
    } finally {
      giveBack(buffer)
    }
  }

  /** Ends the writing. What came is kept unless it was wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'arriving') {
      await this.#sink?.drain().catch(() => undefined)
      this.#state = 'broken'
    }
    await this.#close()
    this.#options.onEnd()
    this.#tell()
  }

  /** The place up to which a reader of bytes until `end` may read. */
  #ready(end: number): number {
    const verified = this.#state === 'verified' || this.#state === 'complete'
    return verified ? end + 1 : Math.min(this.#written, end)
  }

  async #reject(reason: string): Promise<CorruptBlob> {
    this.#state = 'broken'
    await this.#close()
    await this.#files.remove(this.#options.path)
    this.#tell()
    return new CorruptBlob(`${this.#options.sha256}: ${reason}`)
  }

  /** Goes on after bytes that came before. */
  async #takeUp(kept: number): Promise<void> {
    const before = new FileSlice(await this.#files.openDirect(this.#options.path, 'r'), 0, kept - 1)
    await before.copy(async (chunk) => void this.#hash.update(chunk))
    this.#offset = kept
    this.#written = kept
  }

  async #close(): Promise<void> {
    const sink = this.#sink
    this.#sink = undefined
    await sink?.[Symbol.asyncDispose]().catch(() => undefined)
  }

  #tell(): void {
    const { resolve } = this.#changed
    this.#changed = signal()
    resolve()
  }
}

async function keptBytes(files: FileSystem, path: string): Promise<number> {
  return (await files.stat(path).catch(() => undefined))?.size ?? 0
}

function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
