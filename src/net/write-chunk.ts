import type { Writable } from 'node:stream'

/** Resolves when the kernel has taken the chunk and its buffer is free. @throws Error when the peer disconnects first */
export function writeChunk(stream: Writable, chunk: Buffer): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onClose = () => reject(new Error('the peer disconnected'))
    if (stream.destroyed) return onClose()
    stream.once('close', onClose)
    stream.write(chunk, (error) => {
      stream.off('close', onClose)
      if (error) reject(error)
      else resolve()
    })
  })
}
