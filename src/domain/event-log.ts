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

/** How long events are kept, and for a user whose last stream has ended. */
export const EVENT_RETENTION_MS = 7 * DAY_MS
/** How exactly it is known when a stream was open last. */
const TOUCH_MS = DAY_MS

/** What happened to a user, as a sequence that a client reads on in after it was away. */
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
    const newest = findNewestEvent(this.#db)
    if (lastEventId === undefined) return { place: newest, missed: false }
    const place = this.#positionOf(lastEventId)
    const { since = Number.POSITIVE_INFINITY } = findSubscriber(this.#db, userId) ?? {}
    if (place === undefined || place.seq < since) return { place: newest, missed: true }
    const missed = place.seq < newest.seq && place.seq + 1 < findOldestEventSeq(this.#db)
    return missed ? { place: newest, missed } : { place, missed }
  }

  /** Events of a user after a position, oldest first. */
  read(userId: string, after: number, limit: number): EventRow[] {
    return listEventsAfter(this.#db, userId, after, limit)
  }

  /**
   * Calls `look` whenever there may be more; returns the way to stop it. What happens later is kept for who comes back,
   * if it can be: on a full disk they are told that something is missing.
   */
  subscribe(userId: string, look: () => void): () => void {
    this.#db.write((tx) => this.#touch(tx, userId)).catch(() => undefined)
    return this.#notifier.subscribe(userId, look)
  }

  /** Notes, a few at a time, whose streams are open now. */
  async touchSubscribers(limit: number, rest: () => Promise<void>): Promise<void> {
    const users = this.#notifier.users()
    for (let from = 0; from < users.length; from += limit) {
      await this.#db.write((tx) => {
        for (const userId of users.slice(from, from + limit)) this.#touch(tx, userId)
      })
      await rest()
    }
  }

  /** Keeps events no more for at most `limit` users who have not been seen for long; returns how many. */
  expireSubscribers(tx: Tx, limit: number): number {
    return expireSubscribers(tx, new Date(this.#now() - EVENT_RETENTION_MS - TOUCH_MS).toISOString(), limit)
  }

  #touch(tx: Tx, user_id: string): void {
    const seenAt = findSubscriber(tx, user_id)?.seen_at
    if (seenAt !== undefined && this.#now() - Date.parse(seenAt) < TOUCH_MS) return
    const since = findNewestEvent(tx).seq
    upsertSubscriber(tx, { user_id, since, seen_at: new Date(this.#now()).toISOString() })
  }

  /** The place that an id is of; undefined where this server did not give it, or keeps its event no more. */
  #positionOf(id: string): EventPosition | undefined {
    const digits = id.split('-')[1] ?? ''
    const place = /^\d{1,15}$/.test(digits) ? findEventAt(this.#db, Number(digits)) : undefined
    return place !== undefined && this.idOf(place) === id ? place : undefined
  }

  #incarnation(): string {
    return (readMeta(this.#db, 'epoch') ?? '').slice(0, 12)
  }
}
