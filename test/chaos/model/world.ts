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
}

export interface PasswordChange {
  by: Credential
  attempt: Attempt
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
    ({ attempt }) => attempt.outcome === 'acknowledged' && attempt.began > opened.ended + 2,
  )
  if (endsIt && byOthers.length === changes.length) return 'must-not'
  return byOthers.length === 0 && changes.every(({ attempt }) => attempt.outcome === 'acknowledged')
    ? own
    : 'may'
}
