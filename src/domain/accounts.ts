import type { Database, Reader, Tx } from '../db/engine/database.js'
import { foldLogin } from '../db/regional/fold.js'
import {
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
import { requireActiveUser, requireUser } from './access.js'
import type { Caller, SessionCaller } from './caller.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import type { PasswordHashing } from './passwords.js'
import type { OpenedSession, Sessions } from './sessions.js'
import type { LoginThrottle } from './throttle.js'
import { validate } from './validate.js'
import { type UserView, userView } from './views.js'

/** A session older than this must log in again before it may delete the account. */
const REAUTHENTICATION_MS = 10 * 60 * 1000

export interface AccountsDeps {
  db: Database
  journal: Journal
  passwords: PasswordHashing
  throttle: LoginThrottle
  sessions: Sessions
  now: () => number
  /** Quota of a new account, bytes. */
  storageQuotaBytes: number
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
      throw new DomainError('registration-closed', 'Registration is closed. Ask the operator for an account.')
    }
    return this.create(input)
  }

  /**
   * Creates an account even if registration is closed; used by the operator's commands.
   * @throws DomainError username-taken, email-taken, validation-failed
   */
  async create(input: Registration): Promise<UserView> {
    const { db, journal, passwords, now, storageQuotaBytes } = this.#deps
    const username = validate(normalizeUsername(input.username), faultOfUsername, 'username')
    const email = validate(input.email.trim(), faultOfEmail, 'email')
    // Checked before the costly hashing, and again in the transaction.
    assertAvailable(db, { username, email })
    const password_hash = await passwords.hash(input.password)
    const id = journal.random.id()
    const created_at = new Date(now()).toISOString()
    const policy = { storage_quota: storageQuotaBytes, disabled: false }
    const fields = { username, email, password_hash, created_at, ...policy }
    const row = await db.write((tx) => {
      assertAvailable(tx, { username, email })
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
    const valid = await throttle.attempt(user?.id ?? login, client, () => this.#verify(user, input.password))
    if (user === undefined || !valid) throw wrongCredentials()
    await this.#rehash(user, input.password)
    return db.write((tx) => {
      const current = findUserById(tx, user.id)
      // The password may have changed since it was verified.
      if (current === undefined || passwordStamp(current) !== passwordStamp(user)) throw wrongCredentials()
      // Disclosed only after a correct password.
      if (current.disabled === 1) throw accountDisabled()
      const { session, draft } = sessions.draftSession(current, client.userAgent, persistent)
      journal.record(tx, [draft])
      return { user: userView(current), session, persistent }
    })
  }

  /** @throws DomainError unauthenticated if the account has been deleted or disabled */
  get(userId: string): UserView {
    return userView(requireUser(findProfile(this.#deps.db, userId)))
  }

  /** @throws DomainError unauthenticated, wrong-password, too-many-attempts, email-taken, validation-failed */
  async update(
    caller: Caller & { user_id: string },
    input: { email?: string; new_password?: string; current_password: string },
    client: { address: string; isShared: boolean },
  ): Promise<UserView> {
    const { db, journal, passwords, throttle } = this.#deps
    const email = input.email && validate(input.email.trim(), faultOfEmail, 'email')
    const user = requireActiveUser(db, caller.user_id)
    const valid = await throttle.attempt(user.id, client, () => this.#verify(user, input.current_password))
    if (!valid) throw new DomainError('wrong-password', 'Current password is incorrect.')
    const fields: Record<string, Value> = {}
    if (input.new_password !== undefined) fields.password_hash = await passwords.hash(input.new_password)
    if (email !== undefined) fields.email = email
    return db.write((tx) => {
      const current = requireActiveUser(tx, user.id)
      if (passwordStamp(current) !== passwordStamp(user)) {
        throw new DomainError('wrong-password', 'The password has changed. Enter the new one.')
      }
      if (email !== undefined) assertAvailable(tx, { email }, user.id)
      const stamp = journal.tick(tx)
      const drafts: Draft[] = [{ type: 'user.updated', key: user.id, fields }]
      if (input.new_password !== undefined && caller.kind === 'session') {
        // Only the session that changed the password survives the change.
        drafts.push({ type: 'session.renewed', key: caller.session_id, fields: { password_stamp: stamp } })
      }
      journal.record(tx, drafts, stamp)
      return userView(requireActiveUser(tx, user.id))
    })
  }

  /** @throws DomainError unauthenticated, reauthentication-required */
  async delete(caller: SessionCaller): Promise<void> {
    const { db, journal, now } = this.#deps
    if (now() - Date.parse(caller.session_created_at) > REAUTHENTICATION_MS) {
      throw new DomainError('reauthentication-required', 'Log in again, then retry within ten minutes.')
    }
    await db.write((tx) => {
      requireActiveUser(tx, caller.user_id)
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

/** The hash to verify against: this server's rehash, unless the password has changed since it was made. */
function hashOf(user: UserRow): string {
  return user.rehash !== null && user.rehash_stamp === passwordStamp(user) ? user.rehash : user.password_hash
}

function assertAvailable(
  reader: Reader,
  names: { username?: string; email?: string },
  exceptId?: string,
): void {
  if (names.username !== undefined && findUsernameHolder(reader, foldLogin(names.username)) !== undefined) {
    throw new DomainError('username-taken', 'This username is taken.')
  }
  if (names.email === undefined) return
  const holder = findEmailHolder(reader, foldLogin(names.email))
  if (holder !== undefined && holder !== exceptId) {
    throw new DomainError('email-taken', 'This email address is already registered.')
  }
}

function accountDisabled(): DomainError {
  return new DomainError('account-disabled', 'This account has been disabled by the operator of this server.')
}

function wrongCredentials(): DomainError {
  return new DomainError('invalid-credentials', 'Incorrect username, email or password.')
}
