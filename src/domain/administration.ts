import type { Database, Reader, Tx } from '../db/engine/database.js'
import { type AccountSummary, listAccounts, readUsage } from '../db/regional/account-summaries.js'
import { listClosures } from '../db/regional/closures.js'
import { foldLogin } from '../db/regional/fold.js'
import { findUserById, findUserByUsername, type UserRow } from '../db/regional/users.js'
import type { Draft, Value } from '../model/change.js'
import { draftClosure, draftPassword } from './account-drafts.js'
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
 * Operator actions on accounts; all of them replicate. Other users see a disabled or closed account as deleted, but it
 * keeps its name, email and files, and enabling or reopening it restores everything.
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
   * Sets an account's password, whatever it was. That ends all its sessions; its tokens stay valid.
   * @throws DomainError user-not-found
   */
  async setPassword(username: string, password: string): Promise<AccountView> {
    const { db, journal, passwords } = this.#deps
    requireUserByName(db, username)
    const hash = await passwords.hash(password)
    return this.#record(username, ({ id }) => [
      draftPassword(journal.random, { user_id: id, replaces: null, hash }),
    ])
  }

  /** @throws DomainError user-not-found */
  setDisabled(username: string, disabled: boolean): Promise<AccountView> {
    return this.#update(username, { disabled })
  }

  /** Closes an account. It is erased after a grace (see account-erasure.ts). @throws DomainError user-not-found */
  close(username: string): Promise<AccountView> {
    const { random } = this.#deps.journal
    return this.#record(username, ({ id, closed_at }) =>
      closed_at === null ? [draftClosure(random, { user_id: id, password_id: null })] : [],
    )
  }

  /** Opens a closed account again, with all that it had. @throws DomainError user-not-found */
  reopen(username: string): Promise<AccountView> {
    return this.#record(username, ({ id }, tx) =>
      listClosures(tx, id).map((key) => ({ type: 'closure.undone', key, fields: { undone: true } })),
    )
  }

  /** Erases an account and its files at once and for good. @throws DomainError user-not-found */
  erase(username: string): Promise<AccountView> {
    return this.#record(username, ({ id: key }) => [{ type: 'user.deleted', key, fields: { deleted: true } }])
  }

  #update(username: string, fields: Record<string, Value>): Promise<AccountView> {
    return this.#record(username, ({ id: key }) => [{ type: 'user.updated', key, fields }])
  }

  /** @returns the account after the changes, or as it was before it was erased */
  #record(username: string, drafts: (user: UserRow, tx: Tx) => Draft[]): Promise<AccountView> {
    const { db, journal } = this.#deps
    return db.write((tx: Tx) => {
      const user = requireUserByName(tx, username)
      journal.record(tx, drafts(user, tx))
      return accountView(findUserById(tx, user.id) ?? user)
    })
  }
}

function requireUserByName(reader: Reader, username: string): UserRow {
  const user = findUserByUsername(reader, foldLogin(username))
  if (user === undefined) throw new DomainError('user-not-found', `There is no account named ${username}.`)
  return user
}
