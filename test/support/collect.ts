import type { FileSlice } from '../../src/blobs/file-slice.js'

/** Reads the whole content that a blob store returned. */
export async function collect(bytes: FileSlice | Buffer | undefined): Promise<Buffer> {
  if (bytes === undefined) throw new Error('the blob is missing')
  if (Buffer.isBuffer(bytes)) return bytes
  const chunks: Buffer[] = []
  await bytes.copy(async (chunk) => void chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}
