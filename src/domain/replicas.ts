import type { Reader } from '../db/engine/database.js'
import { findFileById } from '../db/regional/files.js'
import type { Availability, FileAvailability, StoredBlob } from './views.js'

/** Where bytes that are not here come from. */
export interface Source {
  server: string
  /** Whether it has bytes that are missing here, or gets them now. */
  offers(sha256: string): boolean
}

/**
 * Which servers hold a file's bytes. Each server tells up to which entry of the log it has all bytes; a file whose
 * entry lies below is there. It costs nothing for each file.
 */
export class Replicas implements Availability {
  readonly #server: string
  readonly #watermarks = new Map<string, number>()
  readonly #waiters = new Set<() => void>()
  /** While it can be reached. */
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
    const isToBeHad = source !== undefined && (others.includes(source.server) || source.offers(missing))
    return { stored_on: others, available: isToBeHad }
  }

  /** There are other servers, even when they cannot be reached now. */
  joinSphere(): void {
    this.#isStandalone = false
  }

  /** Where bytes can be had from now; undefined when nobody can be reached. */
  setSource(source: Source | undefined): void {
    this.#source = source
    this.notifyWaiters()
  }

  setWatermark(server: string, gseq: number): void {
    this.#watermarks.set(server, gseq)
    this.notifyWaiters()
  }

  /** Positions of another log mean nothing any more. */
  clearWatermarks(): void {
    this.#watermarks.clear()
  }

  /** Those who wait look again. */
  notifyWaiters(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }

  /**
   * Waits until so many servers hold a file's bytes, or a time is over, or the signal aborts.
   * @returns whether it came to that; a server that works alone does not wait
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
        this.#waiters.delete(look)
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
        resolve(result)
      }
      const look = () => {
        if (reached()) done(true)
      }
      const stop = () => done(false)
      // Not AbortSignal.any over AbortSignal.timeout: Node 22.14 may collect it before it fires (nodejs/node#57736).
      const timer = setTimeout(stop, timeoutMs)
      this.#waiters.add(look)
      signal.addEventListener('abort', stop)
    })
  }
}
