import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { BlobStore } from '../../storage/blobs.js'
import type { Database } from '../../storage/database.js'
import { backOffMs } from './back-off.js'
import { type GrandBytes, TransferRefused } from './grand-bytes.js'

const PARALLEL = 4
const TRIES = 6

/** Sends the grand the bytes that it asks for, small ones first. The grand keeps the list of what it lacks. */
export class Pusher {
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #grand: GrandBytes
  readonly #logger: Logger
  readonly #wanted = new Map<string, number>()
  readonly #underWay = new Set<string>()
  #signal: AbortSignal = AbortSignal.abort()

  constructor(options: { db: Database; blobs: BlobStore; grand: GrandBytes; logger: Logger }) {
    this.#db = options.db
    this.#blobs = options.blobs
    this.#grand = options.grand
    this.#logger = options.logger
  }

  /** Begins a link; what was asked on the one before is asked again by the grand. */
  begin(signal: AbortSignal): void {
    this.#signal = signal
    this.#wanted.clear()
  }

  /** Takes on blobs to send; those that are not here are somebody else's to send. */
  push(sha256s: string[]): void {
    for (const sha256 of sha256s) {
      const size = this.#blobs.sizeOf(this.#db, sha256)
      if (size !== undefined) this.#wanted.set(sha256, size)
    }
    this.#start()
  }

  #start(): void {
    while (this.#underWay.size < PARALLEL && !this.#signal.aborted) {
      // What is asked for again while it is under way has its turn behind that: what was sent may have been lost.
      const [sha256, size] = smallest(this.#wanted, this.#underWay) ?? []
      if (sha256 === undefined || size === undefined) return
      this.#wanted.delete(sha256)
      this.#underWay.add(sha256)
      void this.#send(sha256, size, this.#signal).finally(() => {
        this.#underWay.delete(sha256)
        this.#start()
      })
    }
  }

  async #send(sha256: string, size: number, signal: AbortSignal): Promise<void> {
    for (let failures = 0; failures < TRIES && !signal.aborted; failures += 1) {
      try {
        await sleep(backOffMs(failures, Math.random()), undefined, { signal })
        const offset = await this.#grand.offset(sha256, signal)
        if (offset >= size && size > 0) return
        const bytes = await this.#blobs.read(sha256, offset, size - 1)
        if (bytes === undefined) return
        return await this.#grand.put(sha256, size, offset, bytes, signal)
      } catch (error) {
        // Another regional is sending the same bytes; if it fails, the grand asks again.
        if (error instanceof TransferRefused && error.code === 'busy') return
        if (!signal.aborted) this.#logger.warn({ sha256, reason: (error as Error).message }, 'a push failed')
      }
    }
  }
}

function smallest(blobs: Map<string, number>, except: Set<string>): [string, number] | undefined {
  let found: [string, number] | undefined
  for (const entry of blobs) {
    if (!except.has(entry[0]) && (found === undefined || entry[1] < found[1])) found = entry
  }
  return found
}
