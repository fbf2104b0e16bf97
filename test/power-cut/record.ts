import type { SeededRandom } from '../support/random.js'

/** One step of a record: a write, or without data a flush that makes all earlier writes durable. */
export interface Step {
  /** Milliseconds since 1970. */
  at: number
  offset: number
  data: Buffer | undefined
}

const HEADER_BYTES = 20
const FLUSH = 0xffffffff

/** Unit of an atomic write. */
const SECTOR_BYTES = 512

export function encodeWrite(at: number, offset: number, data: Buffer): Buffer {
  return Buffer.concat([header(at, offset, data.length), data])
}

export function encodeFlush(at: number): Buffer {
  return header(at, 0, FLUSH)
}

export function decodeRecord(bytes: Buffer): Step[] {
  const steps: Step[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 16)
    const data = length === FLUSH ? undefined : bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)
    steps.push({ at: bytes.readDoubleLE(at), offset: bytes.readDoubleLE(at + 8), data })
    at += HEADER_BYTES + (data?.length ?? 0)
  }
  return steps
}

/** Builds the disk after a power failure: all writes up to the last flush, and any subset of the later sectors. */
export function imageAfter(steps: Step[], count: number, sizeBytes: number, random: SeededRandom): Buffer {
  const image = Buffer.alloc(sizeBytes)
  const sent = steps.slice(0, count)
  const flushed = sent.findLastIndex(({ data }) => data === undefined)
  for (const { offset, data } of sent.slice(0, flushed + 1)) data?.copy(image, offset)
  // Varies from nearly all of the later sectors to nearly none.
  const share = random.fraction()
  for (const step of sent.slice(flushed + 1)) land(image, step, share, random)
  return image
}

function land(image: Buffer, { offset, data }: Step, share: number, random: SeededRandom): void {
  if (data === undefined) return
  if (random.happens(0.9)) {
    if (random.happens(share)) data.copy(image, offset)
    return
  }
  for (let at = 0; at < data.length; at += SECTOR_BYTES)
    if (random.happens(share)) data.copy(image, offset + at, at, at + SECTOR_BYTES)
}

function header(at: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeDoubleLE(at, 0)
  bytes.writeDoubleLE(offset, 8)
  bytes.writeUInt32LE(length, 16)
  return bytes
}
