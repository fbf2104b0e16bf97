import { Device, type Operation, unique } from './device.js'
import { upload } from './file-operations.js'
import { type Attempt, Register } from './model/register.js'
import {
  type AccountModel,
  authorisedBy,
  type Credential,
  isSureOf,
  verdictOfCredential,
} from './model/world.js'
import { attempt, type Tried } from './requests.js'
import { REGIONALS } from './sphere.js'

export const ACCOUNT_OPERATIONS: [kind: string, operation: Operation][] = [
  ['view account', (device) => device.ask('GET', '/me')],
  ['log in', (device) => device.logIn()],
  ['log out', logOut],
  ['change the password', changePassword],
  ['change the email', changeEmail],
  ['create token', makeToken],
  ['revoke a token', revokeToken],
  ['end another session', endAnotherSession],
  ['register and leave', registerAndLeave],
]

/** A model of an account whose registration was attempted. */
export function newAccount(
  username: string,
  email: string,
  password: string,
  registration: Tried,
): AccountModel {
  return {
    id: registration.response?.json?.id as string | undefined,
    username,
    registration,
    email: new Register(email),
    password: new Register(password),
    passwordChanges: [],
    changingPassword: 0,
    disabled: new Register(false),
    deletions: [],
    files: [],
    credentials: [],
  }
}

/** Logs out. On this server the session must be invalid at once. */
async function logOut(device: Device): Promise<Tried> {
  const { figures } = device.options
  const { credential } = device as { credential: Credential }
  const tried = await device.ask('POST', '/logout')
  credential.ends.push(tried)
  if (tried.outcome !== 'acknowledged') return tried
  device.credential = undefined
  const again = await attempt(device.client, 'GET', '/me', { headers: credential.headers })
  if (again.response?.status === 200)
    figures.violations.push(`${device.server}: a session was valid after its logout`)
  return tried
}

async function endAnotherSession(device: Device): Promise<Tried | undefined> {
  const { account, random, credential } = device
  const others = account.credentials.filter(
    (one) => one.kind === 'session' && one.id !== '' && one !== credential && one.ends.length === 0,
  )
  if (others.length === 0) return undefined
  const session = random.pick(others)
  const tried = await device.ask('DELETE', `/sessions/${session.id}`)
  session.ends.push(tried)
  return tried
}

async function changePassword(device: Device): Promise<Tried> {
  const { account, random } = device
  const { credential } = device as { credential: Credential }
  const current_password = random.pick([...account.password.permitted()])
  const new_password = `password ${unique()}`
  account.changingPassword += 1
  const tried = await device.ask('PATCH', '/me', { json: { current_password, new_password } })
  account.changingPassword -= 1
  // Of two changes the earlier holds, so a change is certain only if nothing else can have replaced that password.
  const isSure = isSureOf(account, { ...credential, kind: 'session', password: current_password })
  account.password.note(new_password, tried, isSure)
  account.passwordChanges.push({ by: credential, attempt: tried, isSure })
  if (tried.outcome === 'acknowledged') credential.password = new_password
  return tried
}

async function changeEmail(device: Device): Promise<Tried> {
  const { account, random } = device
  const { credential } = device as { credential: Credential }
  const current_password = random.pick([...account.password.permitted()])
  const email = `e${unique()}@example.com`
  const tried = await device.ask('PATCH', '/me', { json: { current_password, email } })
  account.email.note(email, tried, isSureOf(account, { ...credential, password: current_password }))
  return tried
}

async function makeToken(device: Device): Promise<Tried> {
  const { credential } = device as { credential: Credential }
  const tried = await device.ask('POST', '/tokens', { json: { name: `t${unique()}`, scope: 'read' } })
  if (tried.response?.status === 201) {
    const { id, token } = tried.response.json as { id: string; token: string }
    const headers = { authorization: `Bearer ${token}` }
    const opened = authorisedBy(device.account, credential, tried)
    device.account.credentials.push({ kind: 'token', id, headers, opened, ends: [] })
  }
  return tried
}

async function revokeToken(device: Device): Promise<Tried | undefined> {
  const { account, random } = device
  const tokens = account.credentials.filter(
    (one) => one.kind === 'token' && verdictOfCredential(account, one) !== 'must-not',
  )
  if (tokens.length === 0) return undefined
  const token = random.pick(tokens)
  const tried = await device.ask('DELETE', `/tokens/${token.id}`)
  token.ends.push(tried)
  return tried
}

/**
 * Registers an account under a name that others may claim elsewhere at the same time; some accounts are deleted again.
 */
async function registerAndLeave(device: Device): Promise<Tried> {
  const { random, options } = device
  const username = random.happens(0.5) ? `twin-${random.below(8)}` : `n${unique()}`
  const email = `n${unique()}@example.com`
  const password = `password ${unique()}`
  const registration = await device.ask('POST', '/register', { json: { username, email, password } })
  const account = newAccount(username, email, password, registration)
  options.world.accounts.push(account)
  if (registration.outcome !== 'acknowledged') return registration
  const own = new Device({ ...options, account })
  try {
    await own.logIn()
    if (own.credential === undefined) return registration
    await upload(own)
    // Only under a unique name: the operator's commands find an account by the name that it shows.
    if (!username.startsWith('twin-') && random.happens(0.4)) await administer(own, account)
    if (random.happens(0.4)) {
      const { credential } = own
      account.deletions.push(authorisedBy(account, credential, await own.ask('DELETE', '/me')))
    }
    return registration
  } finally {
    await own.client.close()
  }
}

/**
 * Disables an account as the operator where it was registered, and perhaps enables it elsewhere. No session may be
 * valid in between.
 */
async function administer(device: Device, account: AccountModel): Promise<void> {
  const { figures } = device.options
  const { credential } = device as { credential: Credential }
  const disabling = await setDisabled(device, account, true)
  if (disabling.outcome === 'acknowledged') {
    const again = await device.ask('GET', '/me')
    if (again.response?.status === 200)
      figures.violations.push(`${device.server}: a session of a disabled account was valid`)
  }
  const elsewhere = device.random.pick(REGIONALS)
  if (device.random.happens(0.5)) await setDisabled(device, account, false, elsewhere)
  device.credential = credential
}

async function setDisabled(
  device: Device,
  account: AccountModel,
  disabled: boolean,
  server = device.server,
): Promise<Attempt> {
  const command = ['account', disabled ? 'disable' : 'enable', '--username', account.username]
  const began = Date.now()
  const { code, errors } = await device.options.operate(server, command)
  const isUnknown = code !== 0 && !errors.includes('No account is named')
  const outcome = code === 0 ? 'acknowledged' : isUnknown ? 'unknown' : 'refused'
  const attempt: Attempt = { began, ended: Date.now(), outcome }
  account.disabled.note(disabled, attempt)
  return attempt
}
