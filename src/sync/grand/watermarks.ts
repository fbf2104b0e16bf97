import type { Database } from '../../db/engine/database.js'
import { readWatermarks, writeWatermark } from '../../db/grand/watermarks.js'
import type { Timer, Timers } from '../../lib/timers.js'

/** Watermarks move with every change: they are told together, so much after the first. */
const SEND_MS = 10
const SAVE_MS = 250

export interface WatermarksDeps {
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
  readonly #deps: WatermarksDeps
  readonly #known: Map<string, number>
  readonly #unsent = new Map<string, number>()
  readonly #unsaved = new Map<string, number>()
  #sendTimer: Timer | undefined
  #saveTimer: Timer | undefined

  constructor(options: WatermarksDeps) {
    this.#deps = options
    this.#known = readWatermarks(options.db)
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
    this.#unsent.set(server, gseq)
    const { timers, onError } = this.#deps
    this.#sendTimer ??= timers.after(SEND_MS, () => this.#send())
    // The grand's own follows from its log.
    if (server === this.#deps.server) return
    this.#unsaved.set(server, gseq)
    this.#saveTimer ??= timers.after(SAVE_MS, () => void this.#save().catch(onError))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sendTimer?.stop()
    await this.#save()
  }

  #send(): void {
    this.#sendTimer = undefined
    const moved = new Map(this.#unsent)
    this.#unsent.clear()
    this.#deps.onMoved(moved)
  }

  async #save(): Promise<void> {
    this.#saveTimer?.stop()
    this.#saveTimer = undefined
    const moved = [...this.#unsaved]
    this.#unsaved.clear()
    if (moved.length === 0) return
    await this.#deps.db.write((tx) => {
      for (const [server, gseq] of moved) writeWatermark(tx, server, gseq)
    })
  }
}
