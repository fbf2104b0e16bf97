import { type Attempt, Register } from './register.js'

export type Visibility = 'private' | 'friends' | 'public'

/** Whether a fact must hold in the end, must not, or may do either as long as all servers agree. */
export type Verdict = 'must' | 'must-not' | 'may'

/** A file as its owner knows it. */
export interface FileModel {
  /** The server that received the upload. */
  server: string
  /** Undefined until the upload is acknowledged. */
  id: string | undefined
  sha256: string
  size: number
  upload: Attempt
  name: Register<string>
  folder: Register<string>
  visibility: Register<Visibility>
  deletions: Attempt[]
}

/** A session's or token's secret as a request header. */
export interface Credential {
  kind: 'session' | 'token'
  id: string
  headers: Record<string, string>
  opened: Attempt
  /** Logouts and revocations. */
  ends: Attempt[]
  /** The password behind a session. */
  password?: string
}

export interface PasswordChange {
  by: Credential
  attempt: Attempt
  /** False if the password that it replaces may have been replaced before. */
  isSure: boolean
}

/** An account as its owner knows it. */
export interface AccountModel {
  /** Undefined until the registration is acknowledged. */
  id: string | undefined
  username: string
  registration: Attempt
  email: Register<string>
  password: Register<string>
  passwordChanges: PasswordChange[]
  /** Password changes in flight. */
  changingPassword: number
  /** Set by the operator. */
  disabled: Register<boolean>
  deletions: Attempt[]
  files: FileModel[]
  credentials: Credential[]
}

/** Two accounts, and whether they are friends. */
export interface PairModel {
  accounts: [AccountModel, AccountModel]
  active: Register<boolean>
}

/** The model: every client's attempts and their outcomes. */
export class World {
  readonly accounts: AccountModel[] = []
  readonly #pairs = new Map<string, PairModel>()

  pair(one: AccountModel, other: AccountModel): PairModel {
    const accounts: PairModel['accounts'] = one.username < other.username ? [one, other] : [other, one]
    const existing = this.#pairs.get(keyOf(accounts))
    if (existing !== undefined) return existing
    const pair = { accounts, active: new Register(false) }
    this.add(pair)
    return pair
  }

  /** Adds an existing pair. */
  add(pair: PairModel): void {
    this.#pairs.set(keyOf(pair.accounts), pair)
  }

  get pairs(): PairModel[] {
    return [...this.#pairs.values()]
  }
}

function keyOf(accounts: AccountModel[]): string {
  return accounts.map(({ username }) => username).join(' ')
}

/** The verdict on an object that one attempt creates and any of the others removes. */
export function verdictOf(creation: Attempt, ...removals: Attempt[]): Verdict {
  if (creation.outcome === 'refused' || removals.some(({ outcome }) => outcome === 'acknowledged'))
    return 'must-not'
  return creation.outcome === 'unknown' || removals.some(({ outcome }) => outcome === 'unknown')
    ? 'may'
    : 'must'
}

/**
 * Whether what a credential authorises counts for certain: the password behind it is the current one, as far as anybody
 * can know. Asked after the request, so that every change of the password during it is known.
 */
export function isSureOf(account: AccountModel, { kind, password }: Credential): boolean {
  if (account.changingPassword > 0) return false
  if (kind === 'token') return account.passwordChanges.length === 0
  const permitted = account.password.permitted()
  return permitted.size === 1 && password !== undefined && permitted.has(password)
}

/** An attempt whose effect may turn out void, if the password behind it was replaced elsewhere before. */
export function authorisedBy(account: AccountModel, credential: Credential, attempt: Attempt): Attempt {
  if (attempt.outcome !== 'acknowledged' || isSureOf(account, credential)) return attempt
  return { ...attempt, outcome: 'unknown' }
}

/** The verdict on a credential. A new password ends all sessions except the one that set it. */
export function verdictOfCredential(account: AccountModel, credential: Credential): Verdict {
  const { opened, ends } = credential
  const disabled = account.disabled.permitted()
  if (!disabled.has(false)) return 'must-not'
  const ended = verdictOf(opened, ...ends, ...account.deletions)
  const own = disabled.has(true) && ended === 'must' ? 'may' : ended
  if (credential.kind === 'token' || own === 'must-not') return own
  const changes = account.passwordChanges.filter(({ attempt }) => attempt.outcome !== 'refused')
  if (changes.length === 0) return own
  const byOthers = changes.filter(({ by }) => by !== credential)
  const endsIt = byOthers.some(
    ({ attempt, isSure }) => isSure && attempt.outcome === 'acknowledged' && attempt.began > opened.ended + 2,
  )
  if (endsIt && byOthers.length === changes.length) return 'must-not'
  return byOthers.length === 0 &&
    changes.every(({ attempt, isSure }) => isSure && attempt.outcome === 'acknowledged')
    ? own
    : 'may'
}
