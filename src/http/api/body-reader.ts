import type { IncomingMessage } from 'node:http'
import type { ChunkSink } from '../../lib/byte-source.js'
import { collectYoung } from '../../lib/young-collection.js'

const EMPTY = Buffer.alloc(0)

/** Reads a request's body up to delimiters. Buffers chunks only between reads; the request is paused meanwhile. */
export class BodyReader implements Disposable {
  unread: Buffer
  readonly #request: IncomingMessage
  readonly #chunks: Buffer[] = []
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  private constructor(request: IncomingMessage, prefix: Buffer) {
    this.#request = request
    this.unread = prefix
  }

  /**
   * @param prefix bytes to read before the body
   * @param truncatedError the error of reads after the connection closed early
   */
  static start(request: IncomingMessage, prefix: Buffer, truncatedError: () => Error): BodyReader {
    const body = new BodyReader(request, prefix)
    request.on('data', body.#add).on('end', body.#end).on('error', body.#fail)
    request.on('close', () => request.complete || body.#fail(truncatedError()))
    if (request.destroyed) body.#fail(truncatedError())
    return body
  }

  /** Waits for a chunk and appends it to `unread`. Returns false at the body's end. @throws errors of the request */
  async readMore(): Promise<boolean> {
    if (this.#chunks.length === 0 && !this.#ended) {
      if (this.#request.isPaused()) this.#request.resume()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
    const chunk = this.#chunks.shift()
    if (chunk === undefined) return false
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk])
    return true
  }

  /** Passes all bytes before a delimiter to `take` and skips the delimiter. Returns whether there was one. */
  async copyTo(delimiter: Buffer, take: ChunkSink): Promise<boolean> {
    do {
      const at = this.unread.indexOf(delimiter)
      const end = at === -1 ? this.unread.length - partialMatchLength(this.unread, delimiter) : at
      // Read even if empty: an empty `subarray` would keep its whole parent chunk alive.
      const chunk = this.read(end)
      if (end > 0) await take(chunk)
      if (at !== -1) {
        this.read(delimiter.length)
        return true
      }
    } while (await this.readMore())
    return false
  }

  read(length: number): Buffer {
    const bytes = this.unread.subarray(0, length)
    this.unread = length === this.unread.length ? EMPTY : this.unread.subarray(length)
    return bytes
  }

  /** Stops reading; other listeners may read the rest of the body. */
  [Symbol.dispose](): void {
    this.#request.off('data', this.#add)
  }

  readonly #add = (chunk: Buffer) => {
    collectYoung(chunk.length)
    this.#chunks.push(chunk)
    if (this.#wake === undefined) this.#request.pause()
    this.#wakeReader()
  }

  readonly #end = () => {
    this.#ended = true
    this.#wakeReader()
  }

  readonly #fail = (error: Error) => {
    this.#error ??= error
    this.#end()
  }

  #wakeReader(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** The number of bytes at the end of `bytes` that may be the start of a delimiter. */
function partialMatchLength(bytes: Buffer, delimiter: Buffer): number {
  for (let length = Math.min(delimiter.length - 1, bytes.length); length > 0; length--) {
    if (bytes.at(-length) === delimiter[0] && delimiter.indexOf(bytes.subarray(-length)) === 0) return length
  }
  return 0
}
