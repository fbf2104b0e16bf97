import type { ByteSource, ChunkSink } from '../lib/byte-source.js'
import { BLOCK_BYTES, type OpenFile } from './file-system.js'
import { acquireBuffer, releaseBuffer } from './transfer-buffers.js'

/** A file has less bytes than it should have. */
export class FileTooShortError extends Error {}

/** A part of an open file, which is handed out once. */
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
   * Hands out the bytes, and closes the file.
   * @throws FileTooShort, and what `take` throws
   */
  async copy(take: ChunkSink): Promise<void> {
    try {
      await copyBytes(this.#file, this.#start, this.#end, take)
    } finally {
      await this.close()
    }
  }

  /** Closes the file without handing anything out. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }
}

/**
 * Hands out the bytes of a file from `start` to `end`, both inclusive, the next ones being read meanwhile.
 * @throws FileTooShort, and what `take` throws
 */
export async function copyBytes(file: OpenFile, start: number, end: number, take: ChunkSink): Promise<void> {
  const buffers = [acquireBuffer(), acquireBuffer()] as const
  let reading = readBlocks(file, buffers[0], start, end)
  try {
    for (let at = start, turn = 1; at <= end; turn += 1) {
      const chunk = await reading
      at += chunk.length
      if (at <= end) reading = readBlocks(file, buffers[turn % 2] as Buffer, at, end)
      await take(chunk)
    }
  } finally {
    // Only when nothing is written to them any more.
    await reading.catch(() => undefined)
    for (const buffer of buffers) releaseBuffer(buffer)
  }
}

/** As many bytes up to `end`, inclusive, as the buffer takes; whole blocks are read for them. @throws FileTooShort */
async function readBlocks(file: OpenFile, buffer: Buffer, at: number, end: number): Promise<Buffer> {
  const before = at % BLOCK_BYTES
  const wanted = before + end + 1 - at
  const length = Math.min(buffer.length, Math.ceil(wanted / BLOCK_BYTES) * BLOCK_BYTES)
  const { bytesRead } = await file.read(buffer.subarray(0, length), at - before)
  if (bytesRead <= before) throw new FileTooShortError(`the file ends before ${at}`)
  return buffer.subarray(before, Math.min(bytesRead, wanted))
}
