import type { ByteSource } from '../../src/lib/byte-source.js'

/** A source that can be read once. */
export function sourceOf(bytes: Buffer): ByteSource {
  return { copy: async (take) => take(bytes), close: async () => {} }
}

/** Reads a source to its end. */
export async function bytesOf(source: ByteSource): Promise<Buffer> {
  const chunks: Buffer[] = []
  await source.copy((chunk) => void chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}
