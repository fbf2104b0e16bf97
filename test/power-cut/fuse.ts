/**
 * The subset of FUSE that a single file needs (Linux, include/uapi/linux/fuse.h, protocol 7.31). The file is the root
 * of the file system, mounted over a file.
 */

export const OPCODES = {
  getattr: 3,
  setattr: 4,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  forget: 2,
  batchForget: 42,
} as const

export const ENOSYS = 38

/** Maximum size of one write. */
const MAX_WRITE_BYTES = 1024 * 1024

/** Maximum size of one request. */
export const MAX_REQUEST_BYTES = MAX_WRITE_BYTES + 4096

const IN_HEADER_BYTES = 40
const OUT_HEADER_BYTES = 16
const ROOT = 1n
const BLOCK_BYTES = 4096
const BIG_WRITES = 1 << 5
const MAX_PAGES = 1 << 22
const KEEP_CACHE = 2

export interface Request {
  opcode: number
  unique: bigint
  body: Buffer
}

export function decodeRequest(bytes: Buffer): Request {
  return {
    opcode: bytes.readUInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    body: bytes.subarray(IN_HEADER_BYTES, bytes.readUInt32LE(0)),
  }
}

/** @param error a number of errno.h, 0 for none */
export function encodeReply(unique: bigint, error: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OUT_HEADER_BYTES)
  header.writeUInt32LE(OUT_HEADER_BYTES + body.length, 0)
  header.writeInt32LE(-error, 4)
  header.writeBigUInt64LE(unique, 8)
  return Buffer.concat([header, body])
}

export function initBody(): Buffer {
  const body = Buffer.alloc(64)
  body.writeUInt32LE(7, 0)
  body.writeUInt32LE(31, 4)
  body.writeUInt32LE(1024 * 1024, 8)
  body.writeUInt32LE(BIG_WRITES | MAX_PAGES, 12)
  body.writeUInt16LE(64, 16)
  body.writeUInt16LE(48, 18)
  body.writeUInt32LE(MAX_WRITE_BYTES, 20)
  body.writeUInt32LE(1, 24)
  body.writeUInt16LE(MAX_WRITE_BYTES / BLOCK_BYTES, 28)
  return body
}

/** A regular file with mode 0600, cached by the kernel for a day. */
export function attributesBody(sizeBytes: number): Buffer {
  const body = Buffer.alloc(104)
  body.writeBigUInt64LE(86_400n, 0)
  body.writeBigUInt64LE(ROOT, 16)
  body.writeBigUInt64LE(BigInt(sizeBytes), 24)
  body.writeBigUInt64LE(BigInt(Math.ceil(sizeBytes / 512)), 32)
  body.writeUInt32LE(0o100600, 76)
  body.writeUInt32LE(1, 80)
  body.writeUInt32LE(BLOCK_BYTES, 96)
  return body
}

export function openBody(): Buffer {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(KEEP_CACHE, 8)
  return body
}

export function statfsBody(): Buffer {
  const body = Buffer.alloc(80)
  body.writeUInt32LE(BLOCK_BYTES, 40)
  body.writeUInt32LE(255, 44)
  body.writeUInt32LE(BLOCK_BYTES, 48)
  return body
}

export function readRange(body: Buffer): { offset: number; size: number } {
  return { offset: Number(body.readBigUInt64LE(8)), size: body.readUInt32LE(16) }
}

export function writeRange(body: Buffer): { offset: number; data: Buffer } {
  const { offset, size } = readRange(body)
  return { offset, data: body.subarray(40, 40 + size) }
}

export function writtenBody(sizeBytes: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeUInt32LE(sizeBytes, 0)
  return body
}
