import type { Database } from '../db/engine/database.js'
import type { Timers } from '../lib/timers.js'
import type { Journal } from './journal.js'
import type { Notifier } from './notifier.js'

/** How soon they are noticed. */
const POLL_MS = 100

/** Users who are woken at once: all together would hold the loop. */
const SLICE = 200

export interface OtherWritersDeps {
  db: Database
  journal: Journal
  notifier: Notifier
  timers: Timers
}

/**
 * Notices what other processes write: the operator's commands work on the database of a running server, and their commits
 * tell nobody here. What they did is passed on to the sphere, and every event stream looks at its events and its session.
 */
export function watchOtherWriters({ db, journal, notifier, timers }: OtherWritersDeps): Disposable {
  let known = db.readDataVersion()
  const looking = timers.every(POLL_MS, () => {
    const writes = otherWrites(db) ?? known
    if (writes === known) return
    known = writes
    journal.outboxGrown.emit()
    notifyAll(notifier.users(), notifier, timers)
  })
  return { [Symbol.dispose]: () => looking.stop() }
}

/** Undefined while the database cannot be read: whatever was written shows as soon as it can. */
function otherWrites(db: Database): number | undefined {
  try {
    return db.readDataVersion()
  } catch {
    return undefined
  }
}

function notifyAll(users: string[], live: Notifier, timers: Timers): void {
  for (const user of users.slice(0, SLICE)) live.notify(user)
  if (users.length > SLICE) timers.soon(() => notifyAll(users.slice(SLICE), live, timers))
}
