import type { Database, Tx } from '../db/engine/database.js'
import { readMeta } from '../db/meta.js'
import {
  type EventPosition,
  type EventRow,
  findEventAt,
  findNewestEvent,
  findOldestEventSeq,
  listEventsAfter,
} from '../db/regional/events.js'
import { expireSubscribers, findSubscriber, upsertSubscriber } from '../db/regional/subscribers.js'
import { DAY_MS } from '../lib/durations.js'
import type { Notifier } from './notifier.js'

/** Events are stored for this long, and recorded for this long after a user's last stream has closed. */
export const EVENT_RETENTION_MS = 7 * DAY_MS
/** Precision of `seen_at`: an open stream updates it this often. */
const LAST_SEEN_PRECISION_MS = DAY_MS

export interface EventLogDeps {
  db: Database
  notifier: Notifier
  now: () => number
}

/** The stored events of each user; a client that reconnects resumes at its last event. */
export class EventLog {
  readonly #deps: EventLogDeps

  constructor(deps: EventLogDeps) {
    this.#deps = deps
  }

  /**
   * Formats a position as an SSE event id. The id contains the database's epoch, so other servers reject it, and the
   * event's time, since a server restored from a backup reuses positions for other events.
   */
  formatEventId({ seq, created_at }: EventPosition): string {
    return `${this.#epochPrefix()}-${seq}-${Date.parse(created_at).toString(36)}`
  }

  /**
   * Finds the position at which a client resumes.
   * @param lastEventId the `Last-Event-ID` of the client, if any
   * @returns `missed` if events after that id may have expired, or the id is from another server
   */
  resume(userId: string, lastEventId: string | undefined): { position: EventPosition; missed: boolean } {
    const newest = findNewestEvent(this.#deps.db)
    if (lastEventId === undefined) return { position: newest, missed: false }
    const position = this.#parseEventId(lastEventId)
    const { since = Number.POSITIVE_INFINITY } = findSubscriber(this.#deps.db, userId) ?? {}
    if (position === undefined || position.seq < since) return { position: newest, missed: true }
    const missed = position.seq < newest.seq && position.seq + 1 < findOldestEventSeq(this.#deps.db)
    return missed ? { position: newest, missed } : { position, missed }
  }

  /** Returns events of a user after a position, oldest first. */
  read(userId: string, after: number, limit: number): EventRow[] {
    return listEventsAfter(this.#deps.db, userId, after, limit)
  }

  /**
   * Calls `onEvents` whenever new events may exist, and records events for the user from now on. If that registration
   * fails, as on a full disk, a client that resumes later gets `missed`.
   * @returns a function that unsubscribes
   */
  subscribe(userId: string, onEvents: () => void): () => void {
    this.#deps.db.write((tx) => this.#touch(tx, userId)).catch(() => undefined)
    return this.#deps.notifier.subscribe(userId, onEvents)
  }

  /** Updates `seen_at` of all users with an open stream, `limit` per transaction, with a pause after each. */
  async touchSubscribers(limit: number, pauseBetween: () => Promise<void>): Promise<void> {
    const users = this.#deps.notifier.userIds()
    for (let from = 0; from < users.length; from += limit) {
      await this.#deps.db.write((tx) => {
        for (const userId of users.slice(from, from + limit)) this.#touch(tx, userId)
      })
      await pauseBetween()
    }
  }

  /** Deletes at most `limit` subscribers who have not been seen for the retention time; returns the number deleted. */
  expireSubscribers(tx: Tx, limit: number): number {
    const beforeMs = this.#deps.now() - EVENT_RETENTION_MS - LAST_SEEN_PRECISION_MS
    return expireSubscribers(tx, new Date(beforeMs).toISOString(), limit)
  }

  #touch(tx: Tx, user_id: string): void {
    const seenAt = findSubscriber(tx, user_id)?.seen_at
    if (seenAt !== undefined && this.#deps.now() - Date.parse(seenAt) < LAST_SEEN_PRECISION_MS) return
    const since = findNewestEvent(tx).seq
    upsertSubscriber(tx, { user_id, since, seen_at: new Date(this.#deps.now()).toISOString() })
  }

  /** Parses an SSE event id; undefined if another server issued it, or its event has expired. */
  #parseEventId(id: string): EventPosition | undefined {
    const digits = id.split('-')[1] ?? ''
    const position = /^\d{1,15}$/.test(digits) ? findEventAt(this.#deps.db, Number(digits)) : undefined
    return position !== undefined && this.formatEventId(position) === id ? position : undefined
  }

  #epochPrefix(): string {
    return (readMeta(this.#deps.db, 'epoch') ?? '').slice(0, 12)
  }
}
