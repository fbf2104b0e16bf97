import type { IncomingMessage } from 'node:http'
import type { ChunkSink } from '../../lib/byte-source.js'
import { collectYoung } from '../../lib/young-collection.js'

const NOTHING = Buffer.alloc(0)

/** What has arrived of a request's body and is not read yet. Chunks wait in it only while nobody reads. */
export class BodyBytes implements Disposable {
  unread: Buffer
  readonly #request: IncomingMessage
  readonly #chunks: Buffer[] = []
  #isOver = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  /**
   * @param before stands before the body
   * @param cutOff what reading fails with when the connection ends too early
   */
  constructor(request: IncomingMessage, before: Buffer, cutOff: () => Error) {
    this.#request = request
    this.unread = before
    request.on('data', this.#add).on('end', this.#end).on('error', this.#fail)
    request.on('close', () => request.complete || this.#fail(cutOff()))
    if (request.destroyed) this.#fail(cutOff())
  }

  /** Waits for more than what is unread. Returns false when all is here. @throws what the request fails with */
  async more(): Promise<boolean> {
    if (this.#chunks.length === 0 && !this.#isOver) {
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

  /** Hands out all bytes before a delimiter and reads past it. Returns whether there was one. */
  async copyTo(delimiter: Buffer, take: ChunkSink): Promise<boolean> {
    do {
      const at = this.unread.indexOf(delimiter)
      const end = at === -1 ? this.unread.length - lengthOfStart(this.unread, delimiter) : at
      // A chunk in which nothing else stands would hold all that it is a part of.
      const chunk = this.read(end)
      if (end > 0) await take(chunk)
      if (at !== -1) {
        this.read(delimiter.length)
        return true
      }
    } while (await this.more())
    return false
  }

  read(length: number): Buffer {
    const bytes = this.unread.subarray(0, length)
    this.unread = length === this.unread.length ? NOTHING : this.unread.subarray(length)
    return bytes
  }

  /** Leaves the rest of the body to others. */
  [Symbol.dispose](): void {
    this.#request.off('data', this.#add)
  }

  readonly #add = (chunk: Buffer) => {
    collectYoung(chunk.length)
    this.#chunks.push(chunk)
    if (this.#wake === undefined) this.#request.pause()
    this.#awake()
  }

  readonly #end = () => {
    this.#isOver = true
    this.#awake()
  }

  readonly #fail = (error: Error) => {
    this.#error ??= error
    this.#end()
  }

  #awake(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** How many bytes at the end of others may be the start of a delimiter. */
function lengthOfStart(bytes: Buffer, delimiter: Buffer): number {
  for (let length = Math.min(delimiter.length - 1, bytes.length); length > 0; length--) {
    if (bytes.at(-length) === delimiter[0] && delimiter.indexOf(bytes.subarray(-length)) === 0) return length
  }
  return 0
}
