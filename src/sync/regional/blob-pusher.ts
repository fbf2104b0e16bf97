import type { Logger } from 'pino'
import type { BlobStore } from '../../blobs/blob-store.js'
import { checkBlob } from '../../blobs/scrub.js'
import type { Database } from '../../db/engine/database.js'
import type { Random } from '../../lib/random.js'
import { pause, type Timers } from '../../lib/timers.js'
import { backOffMs } from './back-off.js'
import { type RemoteBlobs, TransferRefusedError } from './remote-blobs.js'

const MAX_PARALLEL = 4
const MAX_ATTEMPTS = 6

export interface BlobPusherDeps {
  db: Database
  blobs: BlobStore
  grand: RemoteBlobs
  timers: Timers
  random: Random
  logger: Logger
  /** Bytes that were here are missing. */
  onLost: () => void
}

/** Sends the grand the bytes that it asks for, small ones first. The grand keeps the list of what it lacks. */
export class BlobPusher {
  readonly #db: Database
  readonly #blobs: BlobStore
  readonly #grand: RemoteBlobs
  readonly #timers: Timers
  readonly #random: Random
  readonly #logger: Logger
  readonly #wanted = new Map<string, number>()
  readonly #active = new Set<string>()
  readonly #onLost: () => void
  #signal: AbortSignal = AbortSignal.abort()

  constructor(options: BlobPusherDeps) {
    this.#db = options.db
    this.#blobs = options.blobs
    this.#grand = options.grand
    this.#timers = options.timers
    this.#random = options.random
    this.#logger = options.logger
    this.#onLost = options.onLost
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
    while (this.#active.size < MAX_PARALLEL && !this.#signal.aborted) {
      // What is asked for again while it is under way has its turn behind that: what was sent may have been lost.
      const [sha256, size] = smallest(this.#wanted, this.#active) ?? []
      if (sha256 === undefined || size === undefined) return
      this.#wanted.delete(sha256)
      this.#active.add(sha256)
      void this.#send(sha256, size, this.#signal).finally(() => {
        this.#active.delete(sha256)
        this.#start()
      })
    }
  }

  /** Sends a blob, over and over while that can help. */
  async #send(sha256: string, size: number, signal: AbortSignal): Promise<void> {
    for (let failures = 0; failures < MAX_ATTEMPTS && !signal.aborted; failures += 1) {
      try {
        await pause(this.#timers, backOffMs(failures, this.#random.fraction()), signal)
        if (signal.aborted) return
        const offset = await this.#grand.offset(sha256, signal)
        if (offset >= size && size > 0) return
        const bytes = await this.#blobs.slice(sha256, offset, size - 1, 'disk')
        if (bytes === undefined) return
        return await this.#grand.put(sha256, size, offset, bytes, signal)
      } catch (error) {
        if (signal.aborted) return
        const code = error instanceof TransferRefusedError ? error.code : ''
        // Another regional is sending the same bytes; if it fails, the grand asks again.
        if (code === 'busy') return
        this.#logger.warn({ sha256, reason: (error as Error).message }, 'a push failed')
        if (['unknown-blob', 'size-mismatch', 'too-large'].includes(code)) return
        if (code === 'corrupt' && !(await this.#isIntact({ sha256, size }))) return
      }
    }
  }

  /** Whether it was the transfer that went wrong, and not the bytes here: then others have to send them. */
  async #isIntact(blob: { sha256: string; size: number }): Promise<boolean> {
    const isIntact = await checkBlob({ db: this.#db, blobs: this.#blobs }, blob)
    if (isIntact) return true
    this.#logger.error({ sha256: blob.sha256 }, 'bytes have rotted here')
    this.#onLost()
    return false
  }
}

function smallest(blobs: Map<string, number>, except: Set<string>): [string, number] | undefined {
  let found: [string, number] | undefined
  for (const entry of blobs) {
    if (!except.has(entry[0]) && (found === undefined || entry[1] < found[1])) found = entry
  }
  return found
}
