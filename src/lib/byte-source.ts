import { finished, type Readable } from 'node:stream'
import { collectYoung } from './young-collection.js'

/** Takes the next chunk of some bytes. Where it returns a promise, it may keep the chunk, and gets no other, until that resolves. */
export type ChunkSink = (chunk: Buffer) => Promise<void> | undefined

/**
 * Hands out bytes in order, once, and resolves when `take` is done with all of them; rejects with what `take` fails with. Either
 * only when no chunk is being taken any more.
 */
export type ChunkSource = (take: ChunkSink) => Promise<void>

/** Bytes to be had once. */
export interface ByteSource {
  /** In buffers that may be used again, each when `take` is done with it. */
  copy: ChunkSource
  /** Instead of `copy`, when nobody wants the bytes. */
  close(): Promise<void>
}

/**
 * Hands over what comes out of a stream, and destroys it when `take` fails. Iterating over it would put each chunk through
 * several promises, and join those that came meanwhile to a new one.
 */
export function copyChunks(from: Readable, take: ChunkSink): Promise<void> {
  return new Promise((resolve, reject) => {
    let taking: Promise<void> | undefined
    const fail = (error: unknown) => {
      reject(error)
      from.destroy()
    }
    finished(from, { writable: false }, (error) => {
      const settle = () => (error ? reject(error) : resolve())
      if (taking === undefined) settle()
      else taking.then(settle, reject)
    })
    from.on('data', (chunk: Buffer) => {
      collectYoung(chunk.length)
      try {
        taking = take(chunk)
      } catch (error) {
        return fail(error)
      }
      if (taking === undefined) return
      from.pause()
      taking.then(() => from.resume(), fail)
    })
  })
}
