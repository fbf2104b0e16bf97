import type { Writable } from 'node:stream'

/** Resolves when the chunk is with the kernel, and its buffer free. @throws Error when the other side goes away first */
export function writeChunk(to: Writable, chunk: Buffer): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onClose = () => reject(new Error('the other side went away'))
    if (to.destroyed) return onClose()
    to.once('close', onClose)
    to.write(chunk, (error) => {
      to.off('close', onClose)
      if (error) reject(error)
      else resolve()
    })
  })
}
