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

/** Events are kept this long, and recorded this long after a user's last stream has closed. */
export const EVENT_RETENTION_MS = 7 * DAY_MS
/** Precision of `seen_at`, so that a stream costs at most one write a day. */
const TOUCH_MS = DAY_MS

/** A user's events in order, which a client resumes after a disconnect. */
export class EventLog {
  readonly #db: Database
  readonly #notifier: Notifier
  readonly #now: () => number

  constructor(db: Database, live: Notifier, now: () => number) {
    this.#db = db
    this.#notifier = live
    this.#now = now
  }

  /**
   * The public id of a position, valid in this incarnation of the database only. A server that was restored from a backup
   * assigns the same positions again, so the id has the event's time too.
   */
  idOf({ seq, created_at }: EventPosition): string {
    return `${this.#incarnation()}-${seq}-${Date.parse(created_at).toString(36)}`
  }

  /**
   * The position at which a client resumes.
   * @param lastEventId of the client's last event, if any
   * @returns `missed` when events after that id may have expired, or another server issued the id
   */
  resume(userId: string, lastEventId: string | undefined): { position: EventPosition; missed: boolean } {
    const newest = findNewestEvent(this.#db)
    if (lastEventId === undefined) return { position: newest, missed: false }
    const position = this.#positionOf(lastEventId)
    const { since = Number.POSITIVE_INFINITY } = findSubscriber(this.#db, userId) ?? {}
    if (position === undefined || position.seq < since) return { position: newest, missed: true }
    const missed = position.seq < newest.seq && position.seq + 1 < findOldestEventSeq(this.#db)
    return { position: missed ? newest : position, missed }
  }

  /** A user's events after a position, oldest first. */
  read(userId: string, after: number, limit: number): EventRow[] {
    return listEventsAfter(this.#db, userId, after, limit)
  }

  /**
   * Calls `onEvents` when there may be new events. From now on the user's events are recorded; if the disk is full, a
   * client that resumes is told that it missed some.
   * @returns ends the subscription
   */
  subscribe(userId: string, onEvents: () => void): () => void {
    this.#db.write((tx) => this.#touch(tx, userId)).catch(() => undefined)
    return this.#notifier.subscribe(userId, onEvents)
  }

  /** Updates `seen_at` of users with open streams, `limit` at a time. */
  async touchSubscribers(limit: number, pause: () => Promise<void>): Promise<void> {
    const users = this.#notifier.users()
    for (let from = 0; from < users.length; from += limit) {
      await this.#db.write((tx) => {
        for (const userId of users.slice(from, from + limit)) this.#touch(tx, userId)
      })
      await pause()
    }
  }

  /** Stops recording events of up to `limit` users without a recent stream. @returns how many */
  expireSubscribers(tx: Tx, limit: number): number {
    return expireSubscribers(tx, new Date(this.#now() - EVENT_RETENTION_MS - TOUCH_MS).toISOString(), limit)
  }

  #touch(tx: Tx, user_id: string): void {
    const seenAt = findSubscriber(tx, user_id)?.seen_at
    if (seenAt !== undefined && this.#now() - Date.parse(seenAt) < TOUCH_MS) return
    const since = findNewestEvent(tx).seq
    upsertSubscriber(tx, { user_id, since, seen_at: new Date(this.#now()).toISOString() })
  }

  /** @returns undefined when this server did not issue the id, or its event has expired */
  #positionOf(id: string): EventPosition | undefined {
    const digits = id.split('-')[1] ?? ''
    const position = /^\d{1,15}$/.test(digits) ? findEventAt(this.#db, Number(digits)) : undefined
    return position !== undefined && this.idOf(position) === id ? position : undefined
  }

  #incarnation(): string {
    return (readMeta(this.#db, 'epoch') ?? '').slice(0, 12)
  }
}
