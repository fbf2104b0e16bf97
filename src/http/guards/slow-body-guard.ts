import type { IncomingMessage } from 'node:http'
import { DomainError } from '../../domain/errors.js'
import type { Limits } from '../limits.js'
import { awaitsContinue } from './continue.js'

interface WatchedBody {
  raw: IncomingMessage
  isBuffered: boolean
  windowStart: number
  windowBytes: number
}

const CHECK_INTERVAL_MS = 1_000

/**
 * Times out bodies that arrive too slowly. A slow-body attack occupies a connection, a reservation and a temporary file at
 * little cost. One timer checks all bodies, so that each costs only an entry in a set.
 */
export class SlowBodyGuard implements Disposable {
  readonly #bodies = new Set<WatchedBody>()
  readonly #limits: Limits
  #timer: NodeJS.Timeout | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  start(): void {
    const intervalMs = Math.min(CHECK_INTERVAL_MS, this.#limits.jsonBodyMs)
    this.#timer = setInterval(() => this.#check(Date.now()), intervalMs).unref()
  }

  /** The number of watched bodies. */
  get size(): number {
    return this.#bodies.size
  }

  /** @param isBuffered whether the whole body must arrive within `jsonBodyMs`; otherwise a minimum rate applies */
  add(raw: IncomingMessage, isBuffered: boolean): void {
    const body = { raw, isBuffered, windowStart: Date.now(), windowBytes: raw.socket.bytesRead }
    this.#bodies.add(body)
    // Until the next check the request and all that it references would survive collections of young garbage.
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
        failBody(body.raw)
      }
    }
  }

  #isTooSlow(body: WatchedBody, now: number): boolean {
    const elapsedMs = now - body.windowStart
    if (body.isBuffered) return elapsedMs >= this.#limits.jsonBodyMs
    const { bytesRead } = body.raw.socket
    // With unread bytes, or a client that still waits for 100 Continue, the server is the slow side.
    const isServerSlow = body.raw.readableLength > 0 || awaitsContinue(body.raw)
    if (!isServerSlow && elapsedMs < this.#limits.streamWindowMs) return false
    const bytesPerSecond = ((bytesRead - body.windowBytes) * 1000) / elapsedMs
    body.windowStart = now
    body.windowBytes = bytesRead
    return !isServerSlow && bytesPerSecond < this.#limits.streamBytesPerSecond
  }
}

/**
 * Emits an error to the body's reader, but leaves the connection open for the response. Destroys the request if nobody
 * reads its body.
 */
function failBody(raw: IncomingMessage): void {
  const error = new DomainError('request-timeout', 'The body did not arrive in time.')
  if (raw.listenerCount('error') > 0) raw.emit('error', error)
  else raw.destroy()
}
