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

/** Accounts per query, when all are listed. */
const PAGE_SIZE = 500

/**
 * Operator actions on accounts; all of them replicate. Other users see a disabled account as deleted, but it keeps its
 * name, email and files, and enabling it restores everything.
 */
export class Administration {
  readonly #deps: AdministrationDeps

  constructor(deps: AdministrationDeps) {
    this.#deps = deps
  }

  /** Yields all accounts that are not deleted, ordered by username. */
  *list(): Generator<AccountView> {
    for (let after = ''; ; ) {
      const page = listAccounts(this.#deps.db, after, PAGE_SIZE)
      yield* page.map(accountView)
      if (page.length < PAGE_SIZE) return
      after = (page.at(-1) as AccountSummary).username_login
    }
  }

  /** @throws DomainError user-not-found */
  show(username: string): AccountDetails {
    const { db, now } = this.#deps
    const user = requireUserByName(db, username)
    return { ...accountView(user), ...readUsage(db, user, new Date(now()).toISOString()) }
  }

  /**
   * Sets an account's quota in bytes. Files that already exceed it stay.
   * @throws DomainError user-not-found
   */
  setQuota(username: string, bytes: number): Promise<AccountView> {
    return this.#update(username, { storage_quota: bytes })
  }

  /**
   * Replaces an account's password, which ends all its sessions; its tokens stay valid.
   * @throws DomainError user-not-found
   */
  async setPassword(username: string, password: string): Promise<AccountView> {
    requireUserByName(this.#deps.db, username)
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

  /** @returns the account after the change, or as it was before its deletion */
  #record(username: string, draft: (id: string) => Draft): Promise<AccountView> {
    const { db, journal } = this.#deps
    return db.write((tx: Tx) => {
      const user = requireUserByName(tx, username)
      journal.record(tx, [draft(user.id)])
      return accountView(findUserById(tx, user.id) ?? user)
    })
  }
}

function requireUserByName(reader: Reader, username: string): UserRow {
  const user = findUserByUsername(reader, foldLogin(username))
  if (user === undefined) throw new DomainError('user-not-found', `There is no account named ${username}.`)
  return user
}
