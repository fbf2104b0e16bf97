import type { ByteSource } from '../../src/lib/byte-source.js'

/** These bytes, to be had once. */
export function sourceOf(bytes: Buffer): ByteSource {
  return { copy: async (take) => take(bytes), close: async () => {} }
}

/** All bytes of a source. */
export async function bytesOf(source: ByteSource): Promise<Buffer> {
  const chunks: Buffer[] = []
  await source.copy((chunk) => void chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}
