import type { Database, Reader, Tx } from '../db/engine/database.js'
import { foldLogin } from '../db/regional/fold.js'
import {
  findActiveUserById,
  findEmailHolder,
  findProfile,
  findUserByEmail,
  findUserById,
  findUserByUsername,
  findUsernameHolder,
  passwordStamp,
  storeRehash,
  type UserRow,
} from '../db/regional/users.js'
import type { Draft, Value } from '../model/change.js'
import { faultOfEmail, faultOfUsername, normalizeUsername } from '../model/names.js'
import type { Caller, SessionCaller } from './caller.js'
import { checked } from './checked.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import type { PasswordHashing } from './passwords.js'
import type { OpenedSession, Sessions } from './sessions.js'
import type { LoginThrottle } from './throttle.js'
import { type UserView, userView } from './views.js'

/** Maximum age of a session that may delete its account. */
const REAUTHENTICATION_MS = 10 * 60 * 1000

export interface AccountsDeps {
  db: Database
  journal: Journal
  passwords: PasswordHashing
  throttle: LoginThrottle
  sessions: Sessions
  now: () => number
  /** Quota of a new account, bytes. */
  storageQuota: number
  registration: 'open' | 'closed'
}

export interface Registration {
  username: string
  email: string
  password: string
}

export class Accounts {
  readonly #deps: AccountsDeps

  constructor(deps: AccountsDeps) {
    this.#deps = deps
  }

  /** @throws DomainError registration-closed, username-taken, email-taken, validation-failed */
  async register(input: Registration): Promise<UserView> {
    if (this.#deps.registration === 'closed') {
      throw new DomainError(
        'registration-closed',
        'Registration is closed. Ask the operator of this server for an account.',
      )
    }
    return this.create(input)
  }

  /** Creates an account even if registration is closed. The operator's command uses it too. */
  async create(input: Registration): Promise<UserView> {
    const { db, journal, passwords, now, storageQuota } = this.#deps
    const username = checked(normalizeUsername(input.username), faultOfUsername, 'username')
    const email = checked(input.email.trim(), faultOfEmail, 'email')
    // Checked before hashing too, since hashing is expensive.
    assertFree(db, { username, email })
    const password_hash = await passwords.hash(input.password)
    const id = journal.random.id()
    const created_at = new Date(now()).toISOString()
    const fields = {
      username,
      email,
      password_hash,
      storage_quota: storageQuota,
      created_at,
      disabled: false,
    }
    const row = await db.write((tx) => {
      assertFree(tx, { username, email })
      journal.record(tx, [{ type: 'user.registered', key: id, fields }])
      return findUserById(tx, id) as UserRow
    })
    return userView(row)
  }

  /** @throws DomainError invalid-credentials, account-disabled, too-many-attempts */
  async login(
    input: { identifier: string; password: string; remember_me?: boolean },
    client: { address: string; isShared: boolean; userAgent: string },
  ): Promise<{ user: UserView; session: OpenedSession; persistent: boolean }> {
    const { db, journal, sessions, throttle } = this.#deps
    const persistent = input.remember_me ?? false
    const login = foldLogin(input.identifier)
    const user = findUserByUsername(db, login) ?? findUserByEmail(db, login)
    const isCorrect = await throttle.attempt(user?.id ?? login, client, () =>
      this.#verify(user, input.password),
    )
    if (user === undefined || !isCorrect) throw wrongCredentials()
    await this.#rehash(user, input.password)
    return db.write((tx) => {
      const present = findUserById(tx, user.id)
      // The password may have changed since the check.
      if (present === undefined || passwordStamp(present) !== passwordStamp(user)) throw wrongCredentials()
      // Reported only to a caller who knows the password.
      if (present.disabled === 1) throw accountDisabled()
      const { session, draft } = sessions.open(present, client.userAgent, persistent)
      journal.record(tx, [draft])
      return { user: userView(present), session, persistent }
    })
  }

  /** @throws DomainError unauthenticated when the account has just been deleted */
  get(userId: string): UserView {
    return userView(assertLive(findProfile(this.#deps.db, userId)))
  }

  /** @throws DomainError wrong-password, too-many-attempts, email-taken */
  async update(
    caller: Caller & { user_id: string },
    input: { email?: string; new_password?: string; current_password: string },
    client: { address: string; isShared: boolean },
  ): Promise<UserView> {
    const { db, journal, passwords, throttle } = this.#deps
    const email = input.email && checked(input.email.trim(), faultOfEmail, 'email')
    const user = liveAccount(db, caller.user_id)
    const isCorrect = await throttle.attempt(user.id, client, () =>
      this.#verify(user, input.current_password),
    )
    if (!isCorrect) throw new DomainError('wrong-password', 'The current password is incorrect.')
    const fields: Record<string, Value> = {}
    if (input.new_password !== undefined) fields.password_hash = await passwords.hash(input.new_password)
    if (email !== undefined) fields.email = email
    return db.write((tx) => {
      const present = liveAccount(tx, user.id)
      if (passwordStamp(present) !== passwordStamp(user)) {
        throw new DomainError('wrong-password', 'The password has just been changed. Use the new one.')
      }
      if (email !== undefined) assertFree(tx, { email }, user.id)
      const stamp = journal.tick(tx)
      const drafts: Draft[] = [{ type: 'user.updated', key: user.id, fields }]
      if (input.new_password !== undefined && caller.kind === 'session') {
        // The session that changed the password stays valid; all others end.
        drafts.push({ type: 'session.renewed', key: caller.session_id, fields: { password_stamp: stamp } })
      }
      journal.record(tx, drafts, stamp)
      return userView(liveAccount(tx, user.id))
    })
  }

  /** @throws DomainError reauthentication-required */
  async delete(caller: SessionCaller): Promise<void> {
    const { db, journal, now } = this.#deps
    if (now() - Date.parse(caller.session_created_at) > REAUTHENTICATION_MS) {
      throw new DomainError(
        'reauthentication-required',
        'Log in again, and delete the account within ten minutes.',
      )
    }
    await db.write((tx) => {
      liveAccount(tx, caller.user_id)
      journal.record(tx, [{ type: 'user.deleted', key: caller.user_id, fields: { deleted: true } }])
    })
  }

  async #verify(user: UserRow | undefined, password: string): Promise<boolean> {
    return this.#deps.passwords.verify(user === undefined ? undefined : hashOf(user), password)
  }

  async #rehash(user: UserRow, password: string): Promise<void> {
    const { db, passwords } = this.#deps
    if (!passwords.isOutdated(hashOf(user))) return
    const rehash = await passwords.hash(password)
    await db.write((tx: Tx) => storeRehash(tx, user.id, rehash, passwordStamp(user)))
  }
}

function hashOf(user: UserRow): string {
  return user.rehash !== null && user.rehash_stamp === passwordStamp(user) ? user.rehash : user.password_hash
}

function liveAccount(reader: Reader, id: string): UserRow {
  return assertLive(findActiveUserById(reader, id))
}

function assertLive<User>(user: User | undefined): User {
  if (user === undefined)
    throw new DomainError('unauthenticated', 'The account no longer exists or is disabled.')
  return user
}

function assertFree(reader: Reader, names: { username?: string; email?: string }, except?: string): void {
  if (names.username !== undefined && findUsernameHolder(reader, foldLogin(names.username)) !== undefined) {
    throw new DomainError('username-taken', 'Username is already taken.')
  }
  if (names.email === undefined) return
  const holder = findEmailHolder(reader, foldLogin(names.email))
  if (holder !== undefined && holder !== except) {
    throw new DomainError('email-taken', 'Email is already used by another account.')
  }
}

function accountDisabled(): DomainError {
  return new DomainError('account-disabled', 'The operator of this server has disabled the account.')
}

function wrongCredentials(): DomainError {
  return new DomainError('invalid-credentials', 'Username, email or password is incorrect.')
}
