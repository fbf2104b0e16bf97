import type { OpenFile } from './file-system.js'

/** Bytes asked of the disk at once: half as many carry half the rate. */
const LARGE_BYTES = 1024 * 1024
/** The same while many read at once, so that their memory stays bounded. */
const SMALL_BYTES = 64 * 1024
const MANY = 16

/** Buffers that nobody uses now: new ones for each read would wait for the garbage collector, 64 MB of them. */
const spare: Buffer[] = []
let active = 0

/** Takes bytes that are handed out in order; may keep a chunk until it resolves, and no longer. */
export type Take = (chunk: Buffer) => Promise<void>

/** A part of an open file, which is handed out once, in two buffers that take turns. */
export class FileSlice {
  readonly #file: OpenFile
  readonly #start: number
  readonly #end: number

  /** @param end inclusive */
  constructor(file: OpenFile, start: number, end: number) {
    this.#file = file
    this.#start = start
    this.#end = end
  }

  /**
   * Hands the bytes to `take`, in order, the next ones being read meanwhile, and closes the file.
   * @throws Error when the file is shorter than it should be, and what `take` throws
   */
  async copy(take: Take): Promise<void> {
    const buffers = [takeBuffer(), takeBuffer()] as const
    active += 1
    let reading = this.#read(buffers[0], this.#start)
    try {
      for (let at = this.#start, turn = 1; at <= this.#end; turn += 1) {
        const chunk = await reading
        at += chunk.length
        if (at <= this.#end) reading = this.#read(buffers[turn % 2] as Buffer, at)
        await take(chunk)
      }
    } finally {
      active -= 1
      // Only when nothing is written to them any more.
      await reading.catch(() => undefined)
      for (const buffer of buffers)
        if (buffer.length === LARGE_BYTES && spare.length < MANY) spare.push(buffer)
      await this.close()
    }
  }

  /** Closes the file without handing anything out. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }

  async #read(buffer: Buffer, at: number): Promise<Buffer> {
    const { bytesRead } = await this.#file.read(buffer, 0, Math.min(buffer.length, this.#end - at + 1), at)
    if (bytesRead === 0) throw new Error(`the file ends at ${at}, before ${this.#end}`)
    return buffer.subarray(0, bytesRead)
  }
}

function takeBuffer(): Buffer {
  if (active >= MANY) return Buffer.allocUnsafeSlow(SMALL_BYTES)
  return spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
}
