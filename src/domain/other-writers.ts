import type { Database } from '../db/engine/database.js'
import type { Timers } from '../lib/timers.js'
import type { Journal } from './journal.js'
import type { Notifier } from './notifier.js'

const POLL_MS = 100

/** Users notified per event-loop tick, so that many of them do not block it. */
const USERS_PER_TICK = 200

export interface OtherWritersDeps {
  db: Database
  journal: Journal
  notifier: Notifier
  timers: Timers
}

/**
 * Polls for commits of other processes, such as the operator's commands, which write to the database of a running server.
 * After one, the sync client sends the outbox, and every event stream re-reads its events and its session.
 */
export function watchOtherWriters({ db, journal, notifier, timers }: OtherWritersDeps): Disposable {
  let lastSeen = db.readDataVersion()
  const polling = timers.every(POLL_MS, () => {
    const writes = readDataVersion(db) ?? lastSeen
    if (writes === lastSeen) return
    lastSeen = writes
    journal.outboxGrown.emit()
    notifyAll(notifier.userIds(), notifier, timers)
  })
  return { [Symbol.dispose]: () => polling.stop() }
}

/** Undefined while the database cannot be read; a later poll sees the commits. */
function readDataVersion(db: Database): number | undefined {
  try {
    return db.readDataVersion()
  } catch {
    return undefined
  }
}

function notifyAll(userIds: string[], notifier: Notifier, timers: Timers): void {
  for (const userId of userIds.slice(0, USERS_PER_TICK)) notifier.notify(userId)
  if (userIds.length > USERS_PER_TICK)
    timers.soon(() => notifyAll(userIds.slice(USERS_PER_TICK), notifier, timers))
}
