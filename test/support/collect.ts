import type { FileSlice } from '../../src/blobs/file-slice.js'

/** All bytes of what a store hands out. */
export async function collect(bytes: FileSlice | Buffer | undefined): Promise<Buffer> {
  if (bytes === undefined) throw new Error('no bytes are here')
  if (Buffer.isBuffer(bytes)) return bytes
  const chunks: Buffer[] = []
  await bytes.copy(async (chunk) => void chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}
