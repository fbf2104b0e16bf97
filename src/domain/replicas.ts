import type { Reader } from '../db/engine/database.js'
import { findFileById } from '../db/regional/files.js'
import type { Availability, FileAvailability, StoredBlob } from './views.js'

/** Provides blobs that this server lacks. */
export interface Source {
  server: string
  /** Whether it stores or receives the blob now. */
  offers(sha256: string): boolean
}

/**
 * Tracks which servers store a file's blob. Each server reports a watermark, the log position up to which it has every blob.
 * A file at or below a server's watermark is stored there, so no per-file state is needed.
 */
export class Replicas implements Availability {
  readonly #server: string
  readonly #watermarks = new Map<string, number>()
  readonly #waiters = new Set<() => void>()
  /** Undefined while it is unreachable. */
  #source: Source | undefined
  #isStandalone = true

  constructor(server: string) {
    this.#server = server
  }

  of({ gseq, missing }: StoredBlob): FileAvailability {
    const others: string[] = []
    for (const [server, watermark] of this.#watermarks) {
      if (server !== this.#server && gseq !== null && watermark >= gseq) others.push(server)
    }
    others.sort()
    if (missing === null) return { stored_on: [this.#server, ...others], available: true }
    const source = this.#source
    const isAvailable = source !== undefined && (others.includes(source.server) || source.offers(missing))
    return { stored_on: others, available: isAvailable }
  }

  /** Tells that the server belongs to a sphere, even while disconnected. */
  joinSphere(): void {
    this.#isStandalone = false
  }

  /** @param source undefined while disconnected */
  setSource(source: Source | undefined): void {
    this.#source = source
    this.notifyWaiters()
  }

  setWatermark(server: string, gseq: number): void {
    this.#watermarks.set(server, gseq)
    this.notifyWaiters()
  }

  /** Drops watermarks, which are positions of a previous log. */
  clearWatermarks(): void {
    this.#watermarks.clear()
  }

  /** Lets waiting uploads check again. */
  notifyWaiters(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }

  /**
   * Waits until `count` servers store a file's blob, the timeout expires, or the signal aborts.
   * @returns whether enough servers store it; a standalone server does not wait
   */
  async wait(
    reader: Reader,
    fileId: string,
    count: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const reached = () => {
      const file = findFileById(reader, fileId)
      return file !== undefined && this.of(file).stored_on.length >= count
    }
    if (reached() || this.#isStandalone || signal.aborted) return reached()
    return new Promise((resolve) => {
      const done = (result: boolean) => {
        this.#waiters.delete(check)
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        resolve(result)
      }
      const check = () => {
        if (reached()) done(true)
      }
      const stop = () => done(false)
      // Not AbortSignal.any over AbortSignal.timeout: Node 22.14 may collect it before it fires (nodejs/node#57736).
      const timer = setTimeout(stop, timeoutMs)
      this.#waiters.add(check)
      signal.addEventListener('abort', stop)
    })
  }
}
