import type { ByteSource, Take } from '../byte-source.js'
import { BLOCK_BYTES, type OpenFile } from './file-system.js'
import { giveBack, takeBuffer } from './transfer-buffers.js'

/** A file has less bytes than it should have. */
export class FileTooShort extends Error {}

/** A part of an open file, which is handed out once, in two buffers that take turns. */
export class FileSlice implements ByteSource {
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
   * Hands out the bytes, the next ones being read meanwhile, and closes the file.
   * @throws FileTooShort, and what `take` throws
   */
  async copy(take: Take): Promise<void> {
    const buffers = [takeBuffer(), takeBuffer()] as const
    let reading = readBlocks(this.#file, buffers[0], this.#start, this.#end)
    try {
      for (let at = this.#start, turn = 1; at <= this.#end; turn += 1) {
        const chunk = await reading
        at += chunk.length
        if (at <= this.#end) reading = readBlocks(this.#file, buffers[turn % 2] as Buffer, at, this.#end)
        await take(chunk)
      }
    } finally {
      // Only when nothing is written to them any more.
      await reading.catch(() => undefined)
      for (const buffer of buffers) giveBack(buffer)
      await this.close()
    }
  }

  /** Closes the file without handing anything out. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }
}

/**
 * The bytes of a file from `at` to `end`, both inclusive, as many as the buffer takes; whole blocks are read for them.
 * @throws FileTooShort when there are none
 */
export async function readBlocks(file: OpenFile, buffer: Buffer, at: number, end: number): Promise<Buffer> {
  const before = at % BLOCK_BYTES
  const wanted = before + end + 1 - at
  const length = Math.min(buffer.length, Math.ceil(wanted / BLOCK_BYTES) * BLOCK_BYTES)
  const { bytesRead } = await file.read(buffer.subarray(0, length), at - before)
  if (bytesRead <= before) throw new FileTooShort(`the file ends before ${at}`)
  return buffer.subarray(before, Math.min(bytesRead, wanted))
}
