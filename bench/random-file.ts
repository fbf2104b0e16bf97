import { randomFillSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

const CHUNK = new Uint8Array(1024 ** 2)

/**
 * Writes a file of random bytes and fsyncs it; `bytes` is a multiple of 1 MiB. The file is also in the page cache then.
 */
export function writeRandomFile(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  for (let written = 0; written < bytes; written += CHUNK.length) writeSync(file, randomFillSync(CHUNK))
  fsyncSync(file)
  closeSync(file)
}
