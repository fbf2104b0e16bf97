import { type Chance, systemChance } from '../chance.js'
import type { Database } from '../storage/database.js'
import { Accounts } from './accounts.js'
import { Administration } from './administration.js'
import { Copies } from './copies.js'
import { Events } from './events.js'
import { Journal } from './journal.js'
import { Live } from './live.js'
import { type PasswordHashing, Passwords } from './passwords.js'
import { Sessions } from './sessions.js'
import { LoginThrottle } from './throttle.js'
import { Tokens } from './tokens.js'

export interface AccountServicesOptions {
  server: string
  db: Database
  now: () => number
  chance?: Chance
  /** Hashes passwords; made anew unless it is given. */
  passwords?: PasswordHashing
  /** Quota of a new account, bytes. */
  storageQuota: number
  registration: 'open' | 'closed'
}

export type AccountServices = ReturnType<typeof accountServices>

/** The part of the domain that needs no bytes, put together: for the server, and for the operator's commands. */
export function accountServices({
  server,
  db,
  now,
  chance = systemChance,
  passwords = new Passwords(),
  ...policy
}: AccountServicesOptions) {
  const copies = new Copies(server)
  const live = new Live()
  const journal = new Journal(server, now, new Events(live, copies, now), chance)
  const sessions = new Sessions(db, journal, now)
  const tokens = new Tokens(db, journal, now)
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
  return { accounts, administration, sessions, tokens, journal, copies, live }
}
