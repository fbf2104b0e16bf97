/** `syncsphere account …`, the operator's commands for accounts. */

import { readRegionalConfig } from '../config/config.js'
import type { Environment } from '../config/environment.js'
import type { Administration } from '../domain/administration.js'
import { DomainError, type ErrorCode } from '../domain/errors.js'
import type { AccountView } from '../domain/views.js'
import { BYTE_UNITS, parseByteSize } from '../lib/byte-size.js'
import { UsageError } from '../lib/command-line.js'
import { accountDetails, accountTable, jsonLines } from './account-table.js'
import { withAccounts } from './open-accounts.js'
import { readOptions } from './options.js'
import { readPassword } from './password-input.js'

/** Writes lines to standard output, with backpressure. */
export type Print = (lines: Iterable<string>) => Promise<void>

export interface Terminal {
  env: Environment
  print: Print
}

type Command = (args: string[], terminal: Terminal) => Promise<void>

const COMMANDS = new Map<string, Command>(
  Object.entries({
    create: createAccount,
    list: listAccounts,
    show: showAccount,
    quota: setQuota,
    password: setPassword,
    disable: (args, terminal) => setDisabled(args, terminal, true),
    enable: (args, terminal) => setDisabled(args, terminal, false),
    delete: deleteAccount,
    reopen: reopenAccount,
  }),
)

/** Options that errors without a field are about. */
const OPTION: Partial<Record<ErrorCode, string>> = {
  'user-not-found': '--username',
  'username-taken': '--username',
  'email-taken': '--email',
}

/** @throws UsageError for a wrong command line, Error when the command fails */
export async function runAccountCommand([name = '', ...args]: string[], terminal: Terminal): Promise<void> {
  const command = COMMANDS.get(name)
  if (command === undefined) throw new UsageError(`account takes one of ${[...COMMANDS.keys()].join(', ')}`)
  try {
    await command(args, terminal)
  } catch (error) {
    throw error instanceof DomainError ? optionFault(error) : error
  }
}

/** Names the option instead of the field. */
function optionFault({ code, detail, field }: DomainError): Error {
  if (field !== undefined) return new UsageError(`--${field} ${detail}`)
  const option = OPTION[code]
  return new Error(option === undefined ? detail : `${option}: ${detail}`)
}

async function createAccount(args: string[], { env, print }: Terminal): Promise<void> {
  const { username, email } = readOptions(args, { required: ['username', 'email'] })
  const password = await readPassword()
  const user = await withAccounts(readRegionalConfig(env), ({ accounts }) =>
    accounts.create({ username, email, password }),
  )
  await print([`created the account ${user.username} (${user.id})`])
}

async function listAccounts(args: string[], { env, print }: Terminal): Promise<void> {
  const { json } = readOptions(args, { flags: ['json'] })
  await withAccounts(readRegionalConfig(env), ({ administration }) => {
    const accounts = administration.list()
    return print(json ? jsonLines(accounts) : accountTable(accounts))
  })
}

async function showAccount(args: string[], { env, print }: Terminal): Promise<void> {
  const { username, json } = readOptions(args, { required: ['username'], flags: ['json'] })
  await withAccounts(readRegionalConfig(env), ({ administration }) => {
    const account = administration.show(username)
    return print(json ? jsonLines([account]) : accountDetails(account))
  })
}

async function setQuota(args: string[], terminal: Terminal): Promise<void> {
  const { username, bytes } = readOptions(args, { required: ['username', 'bytes'] })
  const quota = parseByteSize(bytes)
  if (quota === undefined) {
    const given = JSON.stringify(bytes)
    throw new UsageError(`--bytes must be a number of bytes, which may end in ${BYTE_UNITS}, and is ${given}`)
  }
  await administer(terminal, (accounts) => accounts.setQuota(username, quota), quotaText)
}

function quotaText({ username, storage_quota, used_storage }: AccountView): string {
  return `${username} may store ${storage_quota} bytes, and stores ${used_storage}`
}

async function setPassword(args: string[], terminal: Terminal): Promise<void> {
  const { username } = readOptions(args, { required: ['username'] })
  const password = await readPassword()
  await administer(
    terminal,
    (accounts) => accounts.setPassword(username, password),
    (account) => `${account.username} has a new password; all its sessions have ended, its tokens have not`,
  )
}

async function setDisabled(args: string[], terminal: Terminal, disabled: boolean): Promise<void> {
  const { username } = readOptions(args, { required: ['username'] })
  await administer(
    terminal,
    (accounts) => accounts.setDisabled(username, disabled),
    (account) => `${account.username} is ${disabled ? 'disabled' : 'enabled'}`,
  )
}

async function deleteAccount(args: string[], terminal: Terminal): Promise<void> {
  const { username, yes, now } = readOptions(args, { required: ['username'], flags: ['yes', 'now'] })
  if (!yes) throw new UsageError('--yes is missing: an account that is erased cannot be restored')
  await administer(
    terminal,
    (accounts) => (now ? accounts.erase(username) : accounts.close(username)),
    ({ username, id, closed_at }) =>
      now
        ? `erased the account ${username} (${id})`
        : `closed the account ${username} (${id}) at ${closed_at}; it will be erased`,
  )
}

async function reopenAccount(args: string[], terminal: Terminal): Promise<void> {
  const { username } = readOptions(args, { required: ['username'] })
  await administer(
    terminal,
    (accounts) => accounts.reopen(username),
    (account) => `${account.username} is open`,
  )
}

async function administer(
  { env, print }: Terminal,
  work: (accounts: Administration) => Promise<AccountView>,
  summary: (account: AccountView) => string,
): Promise<void> {
  const account = await withAccounts(readRegionalConfig(env), ({ administration }) => work(administration))
  await print([summary(account)])
}
