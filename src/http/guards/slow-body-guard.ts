import type { IncomingMessage } from 'node:http'
import { DomainError } from '../../domain/errors.js'
import type { Limits } from '../limits.js'
import { awaitsContinue } from './continue.js'

interface Watched {
  raw: IncomingMessage
  whole: boolean
  windowStart: number
  windowBytes: number
}

/** How often the bodies under way are looked at. */
const CHECK_MS = 1_000

/**
 * Ends bodies that arrive too slowly (a slow-body attack holds a connection, a reservation and a temporary file for
 * next to nothing). One timer looks at all of them, so that a body costs nothing but its place in a set.
 */
export class SlowBodyGuard implements Disposable {
  readonly #bodies = new Set<Watched>()
  readonly #timer: NodeJS.Timeout
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
    this.#timer = setInterval(() => this.#check(Date.now()), Math.min(CHECK_MS, limits.jsonBodyMs))
    this.#timer.unref()
  }

  /** Bodies that are watched. */
  get size(): number {
    return this.#bodies.size
  }

  /** @param whole whether the body has to arrive as a whole in the time for JSON, or may take long at a steady rate */
  add(raw: IncomingMessage, whole: boolean): void {
    const body = { raw, whole, windowStart: Date.now(), windowBytes: raw.socket.bytesRead }
    this.#bodies.add(body)
    // Kept until the next look, all that hangs on a request would grow too old to be collected with young garbage.
    raw.once('close', () => this.#bodies.delete(body))
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #check(now: number): void {
    for (const body of this.#bodies) {
      if (body.raw.complete || body.raw.destroyed) this.#bodies.delete(body)
      else if (this.#isTooSlow(body, now)) {
        this.#bodies.delete(body)
        giveUp(body.raw)
      }
    }
  }

  #isTooSlow(body: Watched, now: number): boolean {
    const elapsedMs = now - body.windowStart
    if (body.whole) return elapsedMs >= this.#limits.jsonBodyMs
    const { bytesRead } = body.raw.socket
    // Bytes that wait to be read, or a client that was not asked for any yet: this server is the slow one.
    const waiting = body.raw.readableLength > 0 || awaitsContinue(body.raw)
    if (!waiting && elapsedMs < this.#limits.streamWindowMs) return false
    const bytesPerSecond = ((bytesRead - body.windowBytes) * 1000) / elapsedMs
    body.windowStart = now
    body.windowBytes = bytesRead
    return !waiting && bytesPerSecond < this.#limits.streamBytesPerSecond
  }
}

/**
 * Tells the reader of the body, as if the stream had failed, but leaves the connection open for the response. A body
 * that nobody reads (its request has its response already, or waits for something else) has no reader to tell.
 */
function giveUp(raw: IncomingMessage): void {
  const error = new DomainError('request-timeout', 'The body did not arrive in time.')
  if (raw.listenerCount('error') > 0) raw.emit('error', error)
  else raw.destroy()
}
