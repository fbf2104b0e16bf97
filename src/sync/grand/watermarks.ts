import type { Database } from '../../db/engine/database.js'
import { readWatermarks, writeWatermark } from '../../db/watermarks.js'
import type { Timer, Timers } from '../../lib/timers.js'

/** Delays after the first change, to send and save watermarks together: they change with every entry. */
const SEND_MS = 10
const SAVE_MS = 250

export interface WatermarksDeps {
  db: Database
  /** The grand's own name. */
  server: string
  timers: Timers
  /** Called with the changed watermarks, at most once every `SEND_MS`. */
  onChanged: (changed: Map<string, number>) => void
  onError: (error: unknown) => void
}

/**
 * Tracks which servers store a file's blob. Each server reports a watermark: the log position up to which it has every
 * blob. No state is kept per file.
 */
export class Watermarks implements AsyncDisposable {
  readonly #deps: WatermarksDeps
  readonly #watermarks: Map<string, number>
  readonly #unsent = new Map<string, number>()
  readonly #unsaved = new Map<string, number>()
  #sendTimer: Timer | undefined
  #saveTimer: Timer | undefined

  constructor(deps: WatermarksDeps) {
    this.#deps = deps
    this.#watermarks = readWatermarks(deps.db)
  }

  get(server: string): number {
    return this.#watermarks.get(server) ?? 0
  }

  all(): Record<string, number> {
    return Object.fromEntries([...this.#watermarks].sort())
  }

  /** Sets a watermark. It falls when its server has lost a blob. */
  set(server: string, gseq: number): void {
    if (this.#watermarks.get(server) === gseq) return
    this.#watermarks.set(server, gseq)
    this.#unsent.set(server, gseq)
    const { timers, onError } = this.#deps
    this.#sendTimer ??= timers.after(SEND_MS, () => this.#send())
    // The grand's own watermark follows from its database.
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
    const changed = new Map(this.#unsent)
    this.#unsent.clear()
    this.#deps.onChanged(changed)
  }

  async #save(): Promise<void> {
    this.#saveTimer?.stop()
    this.#saveTimer = undefined
    const changed = [...this.#unsaved]
    this.#unsaved.clear()
    if (changed.length === 0) return
    await this.#deps.db.write((tx) => {
      for (const [server, gseq] of changed) writeWatermark(tx, server, gseq)
    })
  }
}
