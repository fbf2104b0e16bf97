import type { Writable } from 'node:stream'

/** Resolves when the chunk is with the kernel, and its buffer free. @throws Error when the other side goes away first */
export function writeChunk(stream: Writable, chunk: Buffer): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onClose = () => reject(new Error('the other side went away'))
    if (stream.destroyed) return onClose()
    stream.once('close', onClose)
    stream.write(chunk, (error) => {
      stream.off('close', onClose)
      if (error) reject(error)
      else resolve()
    })
  })
}
