import type { OpenFile } from './file-system.js'
import { giveBack, takeBuffer } from './transfer-buffers.js'

/**
 * Appends chunks to a file in large writes, one of which may be under way while the next is gathered. Chunks are copied,
 * so each goes as soon as it is taken, and a write begins and ends where a disk can take it from memory by itself.
 */
export class FileSink implements AsyncDisposable {
  readonly #file: OpenFile
  readonly #onWritten: (bytes: number) => void
  readonly #buffers: [Buffer, Buffer] = [takeBuffer(), takeBuffer()]
  /** Where in the file the gathered bytes will go. */
  #position: number
  #gathered = 0
  #writing: Promise<void> = Promise.resolve()

  /**
   * @param file is closed with the sink
   * @param position where in the file the first chunk goes
   * @param onWritten told how many more bytes are in the file, after each write
   */
  constructor(file: OpenFile, position: number, onWritten: (bytes: number) => void = () => {}) {
    this.#file = file
    this.#position = position
    this.#onWritten = onWritten
  }

  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const [gathering] = this.#buffers
      // The first write is shorter where it takes that for the next to begin at a whole buffer.
      const end = gathering.length - (this.#position % gathering.length)
      const taken = chunk.copy(gathering, this.#gathered, at, at + end - this.#gathered)
      this.#gathered += taken
      at += taken
      if (this.#gathered === end) await this.#flush()
    }
  }

  /** Writes what is gathered, and waits until all is in the file. */
  async drain(): Promise<void> {
    await this.#flush()
    await this.#writing
  }

  /** Makes what is in the file durable. */
  async sync(): Promise<void> {
    await this.#file.datasync()
  }

  /** Lets go of what is gathered and not drained. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Until then its buffer is in use.
    await this.#writing.catch(() => undefined)
    for (const buffer of this.#buffers.splice(0)) giveBack(buffer)
    await this.#file.close()
  }

  async #flush(): Promise<void> {
    await this.#writing
    if (this.#gathered === 0) return
    const bytes = this.#buffers[0].subarray(0, this.#gathered)
    const position = this.#position
    this.#buffers.reverse()
    this.#position += bytes.length
    this.#gathered = 0
    this.#writing = writeAll(this.#file, bytes, position).then(() => this.#onWritten(bytes.length))
    // Its failure is for whoever waits on it next; until then it must not count as unhandled.
    this.#writing.catch(() => undefined)
  }
}

async function writeAll(file: OpenFile, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes.subarray(at), position + at)
    at += bytesWritten
  }
}
