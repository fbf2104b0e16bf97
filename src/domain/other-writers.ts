import type { Database } from '../db/engine/database.js'
import type { Timers } from '../lib/timers.js'
import type { Journal } from './journal.js'
import type { Notifier } from './notifier.js'

const POLL_MS = 100

/** Users notified in one event-loop tick. */
const BATCH = 200

export interface OtherWritersDeps {
  db: Database
  journal: Journal
  notifier: Notifier
  timers: Timers
}

/**
 * Watches for commits of other processes: the operator's commands write to the database of a running server. Their changes
 * go to the sphere, and every event stream reads its events and checks its session.
 */
export function watchOtherWriters({ db, journal, notifier, timers }: OtherWritersDeps): Disposable {
  let known = db.readDataVersion()
  const timer = timers.every(POLL_MS, () => {
    const writes = readDataVersion(db) ?? known
    if (writes === known) return
    known = writes
    journal.outboxGrown.emit()
    notifyAll(notifier.users(), notifier, timers)
  })
  return { [Symbol.dispose]: () => timer.stop() }
}

/** @returns undefined while the database cannot be read */
function readDataVersion(db: Database): number | undefined {
  try {
    return db.readDataVersion()
  } catch {
    return undefined
  }
}

function notifyAll(users: string[], live: Notifier, timers: Timers): void {
  for (const user of users.slice(0, BATCH)) live.notify(user)
  if (users.length > BATCH) timers.soon(() => notifyAll(users.slice(BATCH), live, timers))
}
