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

/** Accounts in one page of a list. */
const PAGE = 500

/**
 * What the operator does with accounts of others. Everything here replicates. A disabled account is to others as if it
 * were deleted, but keeps its name, its email and all that it stores; enabling it brings everything back.
 */
export class Administration {
  readonly #deps: AdministrationDeps

  constructor(options: AdministrationDeps) {
    this.#deps = options
  }

  /** All live accounts in order of their names, read page by page. */
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
   * Sets an account's quota; what is stored above it stays.
   * @throws DomainError user-not-found
   */
  setQuota(username: string, bytes: number): Promise<AccountView> {
    return this.#update(username, { storage_quota: bytes })
  }

  /**
   * Gives an account another password, which ends all its sessions; its tokens stay.
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

  /** Deletes an account and all that it stores, for ever. @throws DomainError user-not-found */
  delete(username: string): Promise<AccountView> {
    return this.#record(username, (key) => ({ type: 'user.deleted', key, fields: { deleted: true } }))
  }

  #update(username: string, fields: Record<string, Value>): Promise<AccountView> {
    return this.#record(username, (key) => ({ type: 'user.updated', key, fields }))
  }

  /** @returns the account as it is then, or as it was before it was deleted */
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
  if (user === undefined) throw new DomainError('user-not-found', `There is no account ${username}.`)
  return user
}
