import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Complete bytes: in memory when small, else already durable in their place. */
export interface StagedBlob {
  sha256: string
  size: number
  content?: Buffer
}

interface Placement {
  place(tmp: string, sha256: string): Promise<string>
  release(named: string, sha256: string): Promise<void>
}

/** Bytes that fit into the database; larger blobs are files. */
const INLINE_BYTES = 64 * 1024

/** Bytes gathered before one write to the disk: half as many, twice as large writes carry twice the rate. */
const GATHER_BYTES = 1024 * 1024

/** Hashes bytes while they arrive and writes what is too large for the database to a file. */
export class BlobWriter implements AsyncDisposable {
  readonly #folder: string
  readonly #placement: Placement
  readonly #hash = createHash('sha256')
  #size = 0
  #chunks: Buffer[] = []
  #gathered = 0
  #file: { handle: FileHandle; path: string } | undefined
  #writing: Promise<void> = Promise.resolve()
  #placed: { named: string; sha256: string } | undefined

  constructor(folder: string, placement: Placement) {
    this.#folder = folder
    this.#placement = placement
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size
  }

  /** Takes a chunk, which must not change afterwards. One write at most is under way while the next is gathered. */
  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk)
    this.#size += chunk.length
    this.#chunks.push(chunk)
    this.#gathered += chunk.length
    if (this.#gathered >= GATHER_BYTES || (this.#file === undefined && this.#gathered > INLINE_BYTES)) {
      await this.#flush()
    }
  }

  /** Makes the bytes durable where they are a file, and gives their hash. */
  async finish(): Promise<StagedBlob> {
    const sha256 = this.#hash.digest('hex')
    if (this.#file === undefined) return { sha256, size: this.#size, content: Buffer.concat(this.#chunks) }
    await this.#flush()
    await this.#writing
    const { handle, path } = this.#file
    await handle.datasync()
    await handle.close()
    this.#file = undefined
    this.#placed = { named: await this.#placement.place(path, sha256), sha256 }
    return { sha256, size: this.#size }
  }

  /** Removes the temporary name; bytes that the database does not name by now go with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#placed !== undefined) await this.#placement.release(this.#placed.named, this.#placed.sha256)
    if (this.#file === undefined) return
    await this.#writing.catch(() => undefined)
    await this.#file.handle.close().catch(() => undefined)
    await unlink(this.#file.path).catch(() => undefined)
  }

  async #flush(): Promise<void> {
    if (this.#file === undefined) {
      const path = join(this.#folder, randomUUID())
      this.#file = { handle: await open(path, 'wx', 0o600), path }
    }
    await this.#writing
    const chunks = this.#chunks
    this.#chunks = []
    this.#gathered = 0
    this.#writing = writeAll(this.#file.handle, chunks)
    // Its failure is for whoever waits on it next; until then it must not count as unhandled.
    this.#writing.catch(() => undefined)
  }
}

async function writeAll(handle: FileHandle, chunks: Buffer[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const { bytesWritten } = await handle.writev(chunks)
  if (bytesWritten < total) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
}
