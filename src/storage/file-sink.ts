import type { OpenFile } from './file-system.js'

/** Bytes gathered before one write to the disk: half as many, twice as large writes carry twice the rate. */
const GATHER_BYTES = 1024 * 1024

/** Appends chunks to a file in large writes, one of which may be under way while the next is gathered. */
export class FileSink {
  readonly #handle: OpenFile
  readonly #onWritten: (bytes: number) => void
  #chunks: Buffer[] = []
  #gathered = 0
  #writing: Promise<void> = Promise.resolve()

  /** @param onWritten told how many more bytes are in the file, after each write */
  constructor(handle: OpenFile, onWritten: (bytes: number) => void = () => {}) {
    this.#handle = handle
    this.#onWritten = onWritten
  }

  /** Takes a chunk, which must not change afterwards. */
  async write(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk)
    this.#gathered += chunk.length
    if (this.#gathered >= GATHER_BYTES) await this.#flush()
  }

  /** Writes what is gathered, and waits until all is in the file. */
  async drain(): Promise<void> {
    await this.#flush()
    await this.#writing
  }

  async #flush(): Promise<void> {
    await this.#writing
    if (this.#gathered === 0) return
    const [chunks, size] = [this.#chunks, this.#gathered]
    this.#chunks = []
    this.#gathered = 0
    this.#writing = writeAll(this.#handle, chunks, size).then(() => this.#onWritten(size))
    // Its failure is for whoever waits on it next; until then it must not count as unhandled.
    this.#writing.catch(() => undefined)
  }
}

async function writeAll(handle: OpenFile, chunks: Buffer[], size: number): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks)
  if (bytesWritten < size) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
}
