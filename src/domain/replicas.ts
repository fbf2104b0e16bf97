import type { Reader } from '../db/engine/database.js'
import { findFileById } from '../db/regional/files.js'
import type { Availability, FileAvailability, StoredBlob } from './views.js'

/** The server from which blobs that are missing here can be read. */
export interface RemoteSource {
  server: string
  /** Whether it stores a blob that is missing here, or is receiving it. */
  offers(sha256: string): boolean
}

/**
 * Tracks which servers store a file's blob. Each server reports a watermark: the log position up to which it has every
 * blob. A file at or below a server's watermark is available there, so no per-file state is needed.
 */
export class Replicas implements Availability {
  readonly #server: string
  readonly #watermarks = new Map<string, number>()
  readonly #waiters = new Set<() => void>()
  /** Undefined while no server is reachable. */
  #source: RemoteSource | undefined
  #isStandalone = true

  constructor(server: string) {
    this.#server = server
  }

  of({ gseq, missing }: StoredBlob): FileAvailability {
    const remoteServers: string[] = []
    for (const [server, watermark] of this.#watermarks) {
      if (server !== this.#server && gseq !== null && watermark >= gseq) remoteServers.push(server)
    }
    remoteServers.sort()
    if (missing === null) return { stored_on: [this.#server, ...remoteServers], available: true }
    const source = this.#source
    const isReachable =
      source !== undefined && (remoteServers.includes(source.server) || source.offers(missing))
    return { stored_on: remoteServers, available: isReachable }
  }

  /** This server has peers, even if none is reachable now. */
  joinSphere(): void {
    this.#isStandalone = false
  }

  /** @param source undefined when no server is reachable any more */
  setSource(source: RemoteSource | undefined): void {
    this.#source = source
    this.notifyWaiters()
  }

  setWatermark(server: string, gseq: number): void {
    this.#watermarks.set(server, gseq)
    this.notifyWaiters()
  }

  /** Called when the grand has a new log: positions in the old one are meaningless. */
  clearWatermarks(): void {
    this.#watermarks.clear()
  }

  /** Makes all pending waits check their condition again. */
  notifyWaiters(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }

  /**
   * Waits until `count` servers store a file's blob, the time is up or the signal aborts.
   * @returns whether `count` servers store it; a standalone server returns at once
   */
  async waitForReplicas(
    reader: Reader,
    fileId: string,
    count: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const isReached = () => {
      const file = findFileById(reader, fileId)
      return file !== undefined && this.of(file).stored_on.length >= count
    }
    if (isReached() || this.#isStandalone || signal.aborted) return isReached()
    return new Promise((resolve) => {
      const settle = (result: boolean) => {
        this.#waiters.delete(check)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        resolve(result)
      }
      const check = () => {
        if (isReached()) settle(true)
      }
      const giveUp = () => settle(false)
      // Not AbortSignal.any over AbortSignal.timeout: Node 22.14 may garbage-collect it before it fires (nodejs/node#57736).
      const timer = setTimeout(giveUp, timeoutMs)
      this.#waiters.add(check)
      signal.addEventListener('abort', giveUp)
    })
  }
}
