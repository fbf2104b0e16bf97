import type { ByteSource, ChunkSink } from '../lib/byte-source.js'
import { BLOCK_BYTES, type OpenFile } from './file-system.js'
import { acquireBuffer, releaseBuffer } from './transfer-buffers.js'

/** A file is shorter than its blob. */
export class FileTooShortError extends Error {}

/** A range of an open file, which can be read once. */
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
   * Copies the range to a sink, and closes the file.
   * @throws FileTooShortError, and the errors of the sink
   */
  async copy(sink: ChunkSink): Promise<void> {
    try {
      await copyBytes(this.#file, this.#start, this.#end, sink)
    } finally {
      await this.close()
    }
  }

  /** Closes the file without reading it. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }
}

/**
 * Copies the bytes of a file from `start` to `end`, both inclusive, to a sink. It reads the next block while the sink
 * consumes one.
 * @throws FileTooShortError, and the errors of the sink
 */
export async function copyBytes(file: OpenFile, start: number, end: number, sink: ChunkSink): Promise<void> {
  const buffers = [acquireBuffer(), acquireBuffer()] as const
  let reading = readBlocks(file, buffers[0], start, end)
  try {
    for (let position = start, block = 1; position <= end; block += 1) {
      const chunk = await reading
      position += chunk.length
      if (position <= end) reading = readBlocks(file, buffers[block % 2] as Buffer, position, end)
      await sink(chunk)
    }
  } finally {
    // A read in flight still writes to its buffer.
    await reading.catch(() => undefined)
    for (const buffer of buffers) releaseBuffer(buffer)
  }
}

/** Reads whole blocks. @returns bytes from `position`, at most to `end`, inclusive @throws FileTooShortError */
async function readBlocks(file: OpenFile, buffer: Buffer, position: number, end: number): Promise<Buffer> {
  const before = position % BLOCK_BYTES
  const wanted = before + end + 1 - position
  const length = Math.min(buffer.length, Math.ceil(wanted / BLOCK_BYTES) * BLOCK_BYTES)
  const { bytesRead } = await file.read(buffer.subarray(0, length), position - before)
  if (bytesRead <= before) throw new FileTooShortError(`the file ends before ${position}`)
  return buffer.subarray(before, Math.min(bytesRead, wanted))
}
