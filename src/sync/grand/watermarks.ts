import type { Database } from '../../db/engine/database.js'
import { loadWatermarks, storeWatermark } from '../../db/grand/watermarks.js'
import type { Timer, Timers } from '../../lib/timers.js'

/** Watermarks move with every change: they are told together, so much after the first. */
const TELL_MS = 10
const STORE_MS = 250

export interface WatermarksOptions {
  db: Database
  /** The grand's own name. */
  server: string
  timers: Timers
  /** Told what moved, to pass it on. */
  onMoved: (moved: Map<string, number>) => void
  onError: (error: unknown) => void
}

/** Up to which entry of the log each server has the bytes of every file. */
export class Watermarks implements AsyncDisposable {
  readonly #options: WatermarksOptions
  readonly #known: Map<string, number>
  readonly #untold = new Map<string, number>()
  readonly #unstored = new Map<string, number>()
  #telling: Timer | undefined
  #storing: Timer | undefined

  constructor(options: WatermarksOptions) {
    this.#options = options
    this.#known = loadWatermarks(options.db)
  }

  of(server: string): number {
    return this.#known.get(server) ?? 0
  }

  all(): Record<string, number> {
    return Object.fromEntries([...this.#known].sort())
  }

  /** Moves a watermark: as a rule up, and down when its server lost something. */
  set(server: string, gseq: number): void {
    if (this.#known.get(server) === gseq) return
    this.#known.set(server, gseq)
    this.#untold.set(server, gseq)
    const { timers, onError } = this.#options
    this.#telling ??= timers.after(TELL_MS, () => this.#tell())
    // The grand's own follows from its log.
    if (server === this.#options.server) return
    this.#unstored.set(server, gseq)
    this.#storing ??= timers.after(STORE_MS, () => void this.#store().catch(onError))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#telling?.stop()
    await this.#store()
  }

  #tell(): void {
    this.#telling = undefined
    const moved = new Map(this.#untold)
    this.#untold.clear()
    this.#options.onMoved(moved)
  }

  async #store(): Promise<void> {
    this.#storing?.stop()
    this.#storing = undefined
    const moved = [...this.#unstored]
    this.#unstored.clear()
    if (moved.length === 0) return
    await this.#options.db.write((tx) => {
      for (const [server, gseq] of moved) storeWatermark(tx, server, gseq)
    })
  }
}
