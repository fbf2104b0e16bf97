import type { Database, Reader, Tx } from '../db/engine/database.js'
import { foldLogin } from '../db/regional/fold.js'
import {
  findEmailHolder,
  findProfile,
  findUserByEmail,
  findUserById,
  findUserByUsername,
  findUsernameHolder,
  storeRehash,
  type UserRow,
} from '../db/regional/users.js'
import type { Draft } from '../model/change.js'
import { faultOfEmail, faultOfUsername, normalizeUsername } from '../model/names.js'
import { requireActiveUser, requireUser } from './access.js'
import { draftClosure, draftEmail, draftPassword } from './account-drafts.js'
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
    const hash = await passwords.hash(input.password)
    const id = journal.random.id()
    const created_at = new Date(now()).toISOString()
    const fields = { username, created_at, storage_quota: storageQuotaBytes, disabled: false }
    const password = draftPassword(journal.random, { user_id: id, replaces: null, hash })
    const row = await db.write((tx) => {
      assertAvailable(tx, { username, email })
      journal.record(tx, [
        { type: 'user.registered', key: id, fields },
        password,
        draftEmail(journal.random, { user_id: id, password_id: password.key, email }),
      ])
      return findUserById(tx, id) as UserRow
    })
    return userView(row)
  }

  /** @throws DomainError invalid-credentials, account-disabled, account-closed, too-many-attempts */
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
      if (current === undefined || current.password_id !== user.password_id) throw wrongCredentials()
      // Disclosed only after a correct password.
      if (current.disabled === 1) throw accountDisabled()
      if (current.closed_at !== null) throw accountClosed()
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
    const hash = input.new_password && (await passwords.hash(input.new_password))
    return db.write((tx) => {
      const current = requireActiveUser(tx, user.id)
      if (current.password_id !== user.password_id) {
        throw new DomainError('wrong-password', 'The password has changed. Enter the new one.')
      }
      if (email !== undefined) assertAvailable(tx, { email }, user.id)
      const { id: user_id, password_id: replaces } = user
      const password = hash && draftPassword(journal.random, { user_id, replaces, hash })
      const password_id = password ? password.key : replaces
      const drafts: Draft[] = password ? [password] : []
      if (email !== undefined) drafts.push(draftEmail(journal.random, { user_id, password_id, email }))
      if (password && caller.kind === 'session') {
        // Only the session that changed the password survives the change.
        drafts.push({ type: 'session.renewed', key: caller.session_id, fields: { password_id } })
      }
      journal.record(tx, drafts)
      return userView(requireActiveUser(tx, user.id))
    })
  }

  /**
   * Closes the account at once. It is erased after a grace (see account-erasure.ts).
   * @throws DomainError unauthenticated, reauthentication-required
   */
  async delete(caller: SessionCaller): Promise<void> {
    const { db, journal, now } = this.#deps
    if (now() - Date.parse(caller.session_created_at) > REAUTHENTICATION_MS) {
      throw new DomainError('reauthentication-required', 'Log in again, then retry within ten minutes.')
    }
    await db.write((tx) => {
      const { id: user_id, password_id } = requireActiveUser(tx, caller.user_id)
      journal.record(tx, [draftClosure(journal.random, { user_id, password_id })])
    })
  }

  async #verify(user: UserRow | undefined, password: string): Promise<boolean> {
    // Without a password of its own, the account's row has arrived before it.
    const hash = user === undefined || user.password_id === '' ? undefined : hashOf(user)
    return this.#deps.passwords.verify(hash, password)
  }

  async #rehash(user: UserRow, password: string): Promise<void> {
    const { db, passwords } = this.#deps
    if (!passwords.isOutdated(hashOf(user))) return
    const rehash = await passwords.hash(password)
    await db.write((tx: Tx) => storeRehash(tx, user.id, rehash, user.password_id))
  }
}

/** The hash to verify against: this server's rehash, unless the password has changed since it was made. */
function hashOf(user: UserRow): string {
  return user.rehash !== null && user.rehash_of === user.password_id ? user.rehash : user.password_hash
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

function accountClosed(): DomainError {
  const detail =
    'This account has been deleted. Until it is erased, the operator of this server can reopen it.'
  return new DomainError('account-closed', detail)
}

function wrongCredentials(): DomainError {
  return new DomainError('invalid-credentials', 'Incorrect username, email or password.')
}
