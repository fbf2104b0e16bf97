import type { Database } from '../storage/database.js'
import { type EventRow, eventBounds, eventsSince } from '../storage/events.js'
import { readMeta } from '../storage/meta.js'
import type { Live } from './live.js'

/** What happened to a user, as a sequence that a client reads on in after it was away. */
export class Feed {
  readonly #db: Database
  readonly #live: Live

  constructor(db: Database, live: Live) {
    this.#db = db
    this.#live = live
  }

  /** The public form of a position: positions mean nothing in another incarnation of the database. */
  idOf(position: number): string {
    return `${this.#incarnation()}-${position}`
  }

  /**
   * Where a client goes on.
   * @param lastEventId the id that it got last, if any
   * @returns `missed` when events after that id can be gone, or the id is another server's
   */
  resume(lastEventId: string | undefined): { position: number; missed: boolean } {
    const { newest, oldest } = eventBounds(this.#db)
    if (lastEventId === undefined) return { position: newest, missed: false }
    const [incarnation, digits] = lastEventId.split('-')
    const position = /^\d{1,15}$/.test(digits ?? '') ? Number(digits) : -1
    const known = incarnation === this.#incarnation() && position >= 0 && position <= newest
    if (!known || (position < newest && position + 1 < oldest)) return { position: newest, missed: true }
    return { position, missed: false }
  }

  /** Events of a user after a position, oldest first. */
  read(userId: string, after: number, limit: number): EventRow[] {
    return eventsSince(this.#db, userId, after, limit)
  }

  /** Calls `look` whenever there may be more; returns the way to stop it. */
  listen(userId: string, look: () => void): () => void {
    return this.#live.listen(userId, look)
  }

  #incarnation(): string {
    return (readMeta(this.#db, 'epoch') ?? '').slice(0, 12)
  }
}
