/**
 * A recording disk: a file served over FUSE that records every write and flush in order. It runs in a process of its
 * own, because its users may block on it.
 *
 * Arguments: the file to mount over, its size in bytes, the file to record to. It exits when it is unmounted.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, openSync, read, writeSync } from 'node:fs'
import {
  attributesBody,
  decodeRequest,
  ENOSYS,
  encodeReply,
  initBody,
  MAX_REQUEST_BYTES,
  OPCODES,
  openBody,
  type Request,
  readRange,
  statfsBody,
  writeRange,
  writtenBody,
} from './fuse.js'
import { encodeFlush, encodeWrite } from './record.js'

const [mountPoint = '', size = '', recordFile = ''] = process.argv.slice(2)
const image = Buffer.alloc(Number(size))
const record = openSync(recordFile, 'w')
const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=100600,user_id=0,group_id=0'
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'disk', mountPoint], {
  stdio: ['ignore', 'inherit', 'inherit', device],
})
if (mounted.status !== 0) process.exit(1)
console.log('mounted')
serve()

function serve(): void {
  const buffer = Buffer.allocUnsafe(MAX_REQUEST_BYTES)
  read(device, buffer, 0, buffer.length, null, (error, bytesRead) => {
    // ENOENT: the request was cancelled; ENODEV: unmounted.
    if (error !== null && error.code !== 'ENOENT' && error.code !== 'EINTR') return closeSync(device)
    if (error === null) response(decodeRequest(buffer.subarray(0, bytesRead)))
    serve()
  })
}

function response(request: Request): void {
  const { opcode, unique } = request
  if (opcode === OPCODES.forget || opcode === OPCODES.batchForget) return
  const body = bodyOf(request)
  writeSync(device, body === undefined ? encodeReply(unique, ENOSYS) : encodeReply(unique, 0, body))
}

function bodyOf({ opcode, body }: Request): Buffer | undefined {
  switch (opcode) {
    case OPCODES.init:
      return initBody()
    case OPCODES.getattr:
    case OPCODES.setattr:
      return attributesBody(image.length)
    case OPCODES.open:
      return openBody()
    case OPCODES.statfs:
      return statfsBody()
    case OPCODES.release:
    case OPCODES.flush:
      return Buffer.alloc(0)
    case OPCODES.read: {
      const { offset, size: length } = readRange(body)
      return image.subarray(offset, offset + length)
    }
    case OPCODES.write: {
      const { offset, data } = writeRange(body)
      data.copy(image, offset)
      appendFileSync(record, encodeWrite(Date.now(), offset, data))
      return writtenBody(data.length)
    }
    case OPCODES.fsync:
      appendFileSync(record, encodeFlush(Date.now()))
      return Buffer.alloc(0)
    default:
      return undefined
  }
}
