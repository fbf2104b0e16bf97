import type { Database } from '../db/engine/database.js'
import { type Random, systemRandom } from '../lib/random.js'
import { Accounts } from './accounts.js'
import { Administration } from './administration.js'
import { EventRecorder } from './event-recorder.js'
import { Journal } from './journal.js'
import { Notifier } from './notifier.js'
import { type PasswordHashing, Passwords } from './passwords.js'
import { Replicas } from './replicas.js'
import { Sessions } from './sessions.js'
import { LoginThrottle } from './throttle.js'
import { Tokens } from './tokens.js'

export interface AccountServicesDeps {
  server: string
  db: Database
  now: () => number
  random?: Random
  passwords?: PasswordHashing
  /** Quota of a new account, bytes. */
  storageQuota: number
  registration: 'open' | 'closed'
}

export type AccountServices = ReturnType<typeof accountServices>

/** Composes the part of the domain that needs no blobs, for the server and for the operator's commands. */
export function accountServices({
  server,
  db,
  now,
  random = systemRandom,
  passwords = new Passwords(),
  ...policy
}: AccountServicesDeps) {
  const replicas = new Replicas(server)
  const notifier = new Notifier()
  const journal = new Journal(server, now, new EventRecorder(notifier, replicas, now), random)
  const sessions = new Sessions({ db, journal, now })
  const tokens = new Tokens({ db, journal, now })
  const throttle = new LoginThrottle(db, now)
  const accounts = new Accounts({
    db,
    journal,
    sessions,
    now,
    passwords,
    throttle,
    ...policy,
  })
  const administration = new Administration({ db, journal, passwords, now })
  return { accounts, administration, sessions, tokens, journal, replicas, notifier }
}
