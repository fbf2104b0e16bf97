/** `syncsphere account …`: what the operator does with accounts. */

import { readRegionalConfig } from '../config/config.js'
import type { Environment } from '../config/environment.js'
import type { Administration } from '../domain/administration.js'
import { DomainError, type ErrorCode } from '../domain/errors.js'
import type { AccountView } from '../domain/views.js'
import { BYTE_UNITS, parseByteSize } from '../lib/byte-size.js'
import { accountSheet, accountTable, jsonLines } from './account-table.js'
import { withAccounts } from './open-accounts.js'
import { readOptions, UsageError } from './options.js'
import { passwordFromInput } from './password-input.js'

/** Writes lines to standard output as fast as they are read. */
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
  }),
)

/** Which option a refusal is about, where it does not say so itself. */
const OPTION: Partial<Record<ErrorCode, string>> = {
  'user-not-found': '--username',
  'username-taken': '--username',
  'email-taken': '--email',
}

/** @throws UsageError, and Error for what could not be done */
export async function runAccountCommand([name = '', ...args]: string[], terminal: Terminal): Promise<void> {
  const command = COMMANDS.get(name)
  if (command === undefined) throw new UsageError(`account takes one of ${[...COMMANDS.keys()].join(', ')}`)
  try {
    await command(args, terminal)
  } catch (error) {
    throw error instanceof DomainError ? optionFault(error) : error
  }
}

/** A refusal, told of options. */
function optionFault({ code, detail, field }: DomainError): Error {
  if (field !== undefined) return new UsageError(`--${field} ${detail}`)
  const option = OPTION[code]
  return new Error(option === undefined ? detail : `${option}: ${detail}`)
}

async function createAccount(args: string[], { env, print }: Terminal): Promise<void> {
  const { username, email } = readOptions(args, { required: ['username', 'email'] })
  const password = await passwordFromInput()
  const user = await withAccounts(readRegionalConfig(env), ({ accounts }) =>
    accounts.create({ username, email, password }),
  )
  await print([`made the account ${user.username} (${user.id})`])
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
    return print(json ? jsonLines([account]) : accountSheet(account))
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
  const password = await passwordFromInput()
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
  const { username, yes } = readOptions(args, { required: ['username'], flags: ['yes'] })
  if (!yes) throw new UsageError('--yes is missing: an account and its files cannot be brought back')
  await administer(
    terminal,
    (accounts) => accounts.delete(username),
    (account) => `deleted the account ${account.username} (${account.id})`,
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
