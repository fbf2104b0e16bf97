import { finished, type Readable } from 'node:stream'
import { collectYoung } from './young-collection.js'

/** Consumes the next chunk. If it returns a promise, it owns the chunk, and gets no other, until that resolves. */
export type ChunkSink = (chunk: Buffer) => Promise<void> | undefined

/**
 * Sends all chunks to a sink, in order, once. Resolves when the sink has consumed them all; rejects with the sink's error. It
 * settles only while no chunk is in use.
 */
export type ChunkSource = (sink: ChunkSink) => Promise<void>

/** Bytes that can be read once. */
export interface ByteSource {
  /** Buffers are reused once the sink has consumed them. */
  copy: ChunkSource
  /** Releases the bytes without reading them. */
  close(): Promise<void>
}

/**
 * Copies a stream to a sink, and destroys the stream when the sink fails. `for await` would cost several promises for each
 * chunk, and would concatenate the chunks that arrive meanwhile.
 */
export function copyChunks(from: Readable, sink: ChunkSink): Promise<void> {
  return new Promise((resolve, reject) => {
    let consuming: Promise<void> | undefined
    const fail = (error: unknown) => {
      reject(error)
      from.destroy()
    }
    finished(from, { writable: false }, (error) => {
      const settle = () => (error ? reject(error) : resolve())
      if (consuming === undefined) settle()
      else consuming.then(settle, reject)
    })
    from.on('data', (chunk: Buffer) => {
      collectYoung(chunk.length)
      try {
        consuming = sink(chunk)
      } catch (error) {
        return fail(error)
      }
      if (consuming === undefined) return
      from.pause()
      consuming.then(() => from.resume(), fail)
    })
  })
}
