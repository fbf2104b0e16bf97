import type { Database, Tx } from '../db/engine/database.js'
import { readMeta } from '../db/meta.js'
import {
  type EventPosition,
  type EventRow,
  eventAt,
  eventsSince,
  newestEvent,
  oldestEvent,
} from '../db/regional/events.js'
import { expireSubscribers, subscriberOf, upsertSubscriber } from '../db/regional/subscribers.js'
import { DAY_MS } from '../lib/durations.js'
import type { Notifier } from './notifier.js'

/** How long events are kept, and for a user whose last stream has ended. */
export const EVENT_RETENTION_MS = 7 * DAY_MS
/** How exactly it is known when a stream was open last. */
const TOUCH_MS = DAY_MS

export interface EventLogDeps {
  db: Database
  notifier: Notifier
  now: () => number
}

/** What happened to a user, as a sequence that a client reads on in after it was away. */
export class EventLog {
  readonly #deps: EventLogDeps

  constructor(deps: EventLogDeps) {
    this.#deps = deps
  }

  /**
   * The public form of a place: it means nothing in another incarnation of the database. A server that was restored from
   * a backup gives the same positions once more, to other events: their time tells them apart.
   */
  idOf({ seq, created_at }: EventPosition): string {
    return `${this.#incarnation()}-${seq}-${Date.parse(created_at).toString(36)}`
  }

  /**
   * Where a client of a user goes on.
   * @param lastEventId the id that it got last, if any
   * @returns `missed` when events after that id can be gone, or the id is another server's
   */
  resume(userId: string, lastEventId: string | undefined): { place: EventPosition; missed: boolean } {
    const newest = newestEvent(this.#deps.db)
    if (lastEventId === undefined) return { place: newest, missed: false }
    const place = this.#positionOf(lastEventId)
    const { since = Number.POSITIVE_INFINITY } = subscriberOf(this.#deps.db, userId) ?? {}
    if (place === undefined || place.seq < since) return { place: newest, missed: true }
    const missed = place.seq < newest.seq && place.seq + 1 < oldestEvent(this.#deps.db)
    return missed ? { place: newest, missed } : { place, missed }
  }

  /** Events of a user after a position, oldest first. */
  read(userId: string, after: number, limit: number): EventRow[] {
    return eventsSince(this.#deps.db, userId, after, limit)
  }

  /**
   * Calls `look` whenever there may be more; returns the way to stop it. What happens later is kept for who comes back,
   * if it can be: on a full disk they are told that something is missing.
   */
  subscribe(userId: string, look: () => void): () => void {
    this.#deps.db.write((tx) => this.#touch(tx, userId)).catch(() => undefined)
    return this.#deps.notifier.subscribe(userId, look)
  }

  /** Notes, a few at a time, whose streams are open now. */
  async touchSubscribers(limit: number, rest: () => Promise<void>): Promise<void> {
    const users = this.#deps.notifier.users()
    for (let from = 0; from < users.length; from += limit) {
      await this.#deps.db.write((tx) => {
        for (const userId of users.slice(from, from + limit)) this.#touch(tx, userId)
      })
      await rest()
    }
  }

  /** Keeps events no more for at most `limit` users who have not been seen for long; returns how many. */
  expireSubscribers(tx: Tx, limit: number): number {
    return expireSubscribers(
      tx,
      new Date(this.#deps.now() - EVENT_RETENTION_MS - TOUCH_MS).toISOString(),
      limit,
    )
  }

  #touch(tx: Tx, user_id: string): void {
    const seenAt = subscriberOf(tx, user_id)?.seen_at
    if (seenAt !== undefined && this.#deps.now() - Date.parse(seenAt) < TOUCH_MS) return
    const since = newestEvent(tx).seq
    upsertSubscriber(tx, { user_id, since, seen_at: new Date(this.#deps.now()).toISOString() })
  }

  /** The place that an id is of; undefined where this server did not give it, or keeps its event no more. */
  #positionOf(id: string): EventPosition | undefined {
    const digits = id.split('-')[1] ?? ''
    const place = /^\d{1,15}$/.test(digits) ? eventAt(this.#deps.db, Number(digits)) : undefined
    return place !== undefined && this.idOf(place) === id ? place : undefined
  }

  #incarnation(): string {
    return (readMeta(this.#deps.db, 'epoch') ?? '').slice(0, 12)
  }
}
