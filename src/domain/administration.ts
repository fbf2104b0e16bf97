import type { Database, Reader, Tx } from '../db/engine/database.js'
import { type AccountSummary, listAccounts, readUsage } from '../db/regional/account-summaries.js'
import { foldLogin } from '../db/regional/fold.js'
import { findUserById, findUserByUsername, type UserRow } from '../db/regional/users.js'
import type { Draft, Value } from '../model/change.js'
import { DomainError } from './errors.js'
import type { Journal } from './journal.js'
import type { PasswordHashing } from './passwords.js'
import { type AccountDetails, type AccountView, accountView } from './views.js'

export interface AdministrationDeps {
  db: Database
  journal: Journal
  passwords: PasswordHashing
  now: () => number
}

/** Accounts of one page of the list. */
const PAGE = 500

/**
 * The operator's operations on accounts, all of them replicated. A disabled account looks deleted to others, but keeps its
 * name, email and files until it is enabled again.
 */
export class Administration {
  readonly #deps: AdministrationDeps

  constructor(deps: AdministrationDeps) {
    this.#deps = deps
  }

  /** Lists live accounts by name, and reads them page by page. */
  *list(): Generator<AccountView> {
    for (let after = ''; ; ) {
      const page = listAccounts(this.#deps.db, after, PAGE)
      yield* page.map(accountView)
      if (page.length < PAGE) return
      after = (page.at(-1) as AccountSummary).username_login
    }
  }

  /** @throws DomainError user-not-found */
  show(username: string): AccountDetails {
    const { db, now } = this.#deps
    const user = find(db, username)
    return { ...accountView(user), ...readUsage(db, user, new Date(now()).toISOString()) }
  }

  /**
   * Sets an account's quota. Files above it stay.
   * @throws DomainError user-not-found
   */
  setQuota(username: string, bytes: number): Promise<AccountView> {
    return this.#update(username, { storage_quota: bytes })
  }

  /**
   * Sets an account's password, which ends its sessions and not its tokens.
   * @throws DomainError user-not-found
   */
  async setPassword(username: string, password: string): Promise<AccountView> {
    find(this.#deps.db, username)
    return this.#update(username, { password_hash: await this.#deps.passwords.hash(password) })
  }

  /** @throws DomainError user-not-found */
  setDisabled(username: string, disabled: boolean): Promise<AccountView> {
    return this.#update(username, { disabled })
  }

  /** Deletes an account and its files permanently. @throws DomainError user-not-found */
  delete(username: string): Promise<AccountView> {
    return this.#record(username, (key) => ({ type: 'user.deleted', key, fields: { deleted: true } }))
  }

  #update(username: string, fields: Record<string, Value>): Promise<AccountView> {
    return this.#record(username, (key) => ({ type: 'user.updated', key, fields }))
  }

  /** @returns the changed account, or the account before its deletion */
  #record(username: string, draft: (id: string) => Draft): Promise<AccountView> {
    const { db, journal } = this.#deps
    return db.write((tx: Tx) => {
      const user = find(tx, username)
      journal.record(tx, [draft(user.id)])
      return accountView(findUserById(tx, user.id) ?? user)
    })
  }
}

function find(reader: Reader, username: string): UserRow {
  const user = findUserByUsername(reader, foldLogin(username))
  if (user === undefined) throw new DomainError('user-not-found', `No account is named ${username}.`)
  return user
}
