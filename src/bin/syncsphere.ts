#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { VERSION } from '../version.js'

const HELP = `The operator's commands. They read the environment that the server reads (SYNCSPHERE_NAME, SYNCSPHERE_DATA_DIR, …) and work
whether it runs or not.

  syncsphere account create --username NAME --email EMAIL    make an account; its password is read from standard input
  syncsphere account quota --username NAME --bytes SIZE      set an account's quota (bytes, or with KiB, MiB, GiB, TiB)
  syncsphere backup --to DIR                                 copy the data folder, consistent, while the server runs
  syncsphere certs [--help]                                  certificates of the servers
  syncsphere health                                          ask the server how it is; ends with 1 unless it is well
  syncsphere --version                                       the version`

// Each loads what it needs: `health` is run every few seconds.
const COMMANDS: Record<string, (args: string[]) => Promise<string>> = {
  'account create': createAccount,
  'account quota': setQuota,
  backup,
  certs: async (args) => (await import('../certs/command.js')).runCertsCommand(args),
  health,
}

try {
  console.log(await run(process.argv.slice(2)))
} catch (error) {
  console.error(`syncsphere: ${(error as Error).message}`)
  process.exitCode = 1
}

async function run(args: string[]): Promise<string> {
  const words = args[0] === 'account' ? 2 : 1
  const command = COMMANDS[args.slice(0, words).join(' ')]
  if (command !== undefined) return command(args.slice(words))
  if (args.length === 0 || args[0] === '--help' || args[0] === 'help') return HELP
  if (args[0] === '--version') return `syncsphere ${VERSION}`
  throw new Error(`unknown command ${args.slice(0, words).join(' ')}\n\n${HELP}`)
}

async function createAccount(args: string[]): Promise<string> {
  const { username, email } = options(args, ['username', 'email'])
  const password = await passwordFromInput()
  const { withAccounts } = await import('../operator.js')
  const { readRegionalConfig } = await import('../config.js')
  const user = await withAccounts(readRegionalConfig(process.env), (accounts) =>
    accounts.create({ username, email, password }),
  )
  return `made the account ${user.username} (${user.id})`
}

async function setQuota(args: string[]): Promise<string> {
  const { username, bytes } = options(args, ['username', 'bytes'])
  // Read by the same rules as the variable is.
  const env = { ...process.env, SYNCSPHERE_STORAGE_QUOTA: bytes }
  const { withAccounts } = await import('../operator.js')
  const { readRegionalConfig } = await import('../config.js')
  const config = readRegionalConfig(env)
  const user = await withAccounts(config, (accounts) => accounts.setQuota(username, config.storageQuotaBytes))
  return `${user.username} may store ${user.storage_quota} bytes, and stores ${user.used_storage}`
}

async function backup(args: string[]): Promise<string> {
  const { to } = options(args, ['to'])
  const { readRegionalConfig } = await import('../config.js')
  const { backupDataDir } = await import('../storage/backup.js')
  const { dataDir } = readRegionalConfig(process.env)
  const { databases, blobs } = await backupDataDir(dataDir, to)
  return `copied ${databases.join(', ')} and ${blobs} blobs to ${to}`
}

async function health(args: string[]): Promise<string> {
  options(args, [])
  const { checkHealth } = await import('../health.js')
  return checkHealth(process.env)
}

function options<const Names extends string[]>(args: string[], names: Names): Record<Names[number], string> {
  const declared = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const { values } = parseArgs({ args, options: declared })
  const missing = names.find((name) => typeof values[name] !== 'string')
  if (missing !== undefined) throw new Error(`--${missing} is missing\n\n${HELP}`)
  return values as Record<Names[number], string>
}

/** Not an argument: those can be read by everybody on the machine. */
async function passwordFromInput(): Promise<string> {
  const chunks: Buffer[] = []
  if (process.stdin.isTTY) console.error('Password, then Enter and Ctrl-D:')
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const password = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (password.length < 8 || password.length > 256) throw new Error('a password has 8 to 256 characters')
  return password
}
