import type { Attempt } from './register.js'
import { type AccountModel, World } from './world.js'

/** The model as of a time in milliseconds since 1970: attempts in flight at that time may or may not take effect. */
export function worldAsOf(world: World, time: number): World {
  const then = new World()
  const accounts = new Map<AccountModel, AccountModel>()
  for (const account of world.accounts) {
    if (account.registration.began >= time) continue
    const past = accountAsOf(account, time)
    accounts.set(account, past)
    then.accounts.push(past)
  }
  for (const { accounts: pair, active } of world.pairs) {
    const [one, other] = pair.map((account) => accounts.get(account))
    if (one !== undefined && other !== undefined)
      then.add({ accounts: [one, other], active: active.asOf(time) })
  }
  return then
}

function accountAsOf(account: AccountModel, time: number): AccountModel {
  const credentials = new Map(
    account.credentials
      .filter(({ opened }) => opened.began < time)
      .map((one) => [one, { ...one, opened: asOf(one.opened, time), ends: allAsOf(one.ends, time) }]),
  )
  return {
    ...account,
    registration: asOf(account.registration, time),
    email: account.email.asOf(time),
    password: account.password.asOf(time),
    passwordChanges: account.passwordChanges
      .filter(({ attempt }) => attempt.began < time)
      .map(({ by, attempt, isSure }) => {
        return { by: credentials.get(by) ?? by, attempt: asOf(attempt, time), isSure }
      }),
    disabled: account.disabled.asOf(time),
    deletions: allAsOf(account.deletions, time),
    files: account.files
      .filter(({ upload }) => upload.began < time)
      .map((file) => ({
        ...file,
        upload: asOf(file.upload, time),
        name: file.name.asOf(time),
        folder: file.folder.asOf(time),
        visibility: file.visibility.asOf(time),
        deletions: allAsOf(file.deletions, time),
      })),
    credentials: [...credentials.values()],
  }
}

function allAsOf(attempts: Attempt[], time: number): Attempt[] {
  return attempts.filter(({ began }) => began < time).map((attempt) => asOf(attempt, time))
}

function asOf({ began, ended, outcome }: Attempt, time: number): Attempt {
  if (ended < time || outcome === 'refused') return { began, ended, outcome }
  return { began, ended: Number.POSITIVE_INFINITY, outcome: 'unknown' }
}
