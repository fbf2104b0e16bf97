#!/usr/bin/env node
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UsageError } from '../lib/command-line.js'
import { plural } from '../lib/plural.js'
import { VERSION } from '../lib/version.js'
import { readOptions } from '../operator/options.js'

const HELP = `The operator's commands. They read the server's environment (SYNCSPHERE_NAME, SYNCSPHERE_DATA_DIR, …), and work whether
or not the server runs.

  syncsphere account create --username NAME --email EMAIL    make an account; its password is read from standard input
  syncsphere account list [--json]                           all accounts, by name
  syncsphere account show --username NAME [--json]           one account
  syncsphere account quota --username NAME --bytes SIZE      set its quota: bytes, or with KB, MB, GB, TB, KiB, MiB, …
  syncsphere account password --username NAME                set its password, from standard input; ends all its sessions
  syncsphere account disable --username NAME                 block logins and hide its files …
  syncsphere account enable --username NAME                  … until it is enabled
  syncsphere account delete --username NAME --yes [--now]    close it; erased after ACCOUNT_GRACE_DAYS, or now
  syncsphere account reopen --username NAME                  undo its deletion, until it is erased
  syncsphere backup --to DIR                                 copy the data folder consistently, while the server runs
  syncsphere certs [--help]                                  certificates of the servers
  syncsphere health                                          check the server; exits with 1 unless it is healthy
  syncsphere --version                                       the version

Exit codes: 0 done, 1 failed, 2 wrong command line.`

// Each command loads only what it needs: `health` runs every few seconds.
const COMMANDS = new Map<string, (args: string[]) => Promise<void>>(
  Object.entries({
    account,
    backup: async (args) => print([await backup(args)]),
    certs: async (args) =>
      print([await (await import('../certs/command.js')).runCertsCommand(args, process.env)]),
    health: async (args) => print([await health(args)]),
  }),
)

try {
  await run(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  const help = process.argv[2] === 'certs' ? 'syncsphere certs --help' : 'syncsphere --help'
  console.error(`syncsphere: ${(error as Error).message}${isUsage ? `; see ${help}` : ''}`)
  process.exitCode = isUsage ? 2 : 1
}

async function run([name = '--help', ...args]: string[]): Promise<void> {
  if (name === '--help' || name === 'help') return print([HELP])
  if (name === '--version') return print([`syncsphere ${VERSION}`])
  const command = COMMANDS.get(name)
  // `certs` has a help of its own.
  if (name !== 'certs' && args.includes('--help')) return print([HELP])
  if (command === undefined) throw new UsageError(`unknown command ${name}`)
  return command(args)
}

async function account(args: string[]): Promise<void> {
  const { runAccountCommand } = await import('../operator/account-command.js')
  return runAccountCommand(args, { env: process.env, print })
}

async function backup(args: string[]): Promise<string> {
  const { to } = readOptions(args, { required: ['to'] })
  const { readRegionalConfig } = await import('../config/config.js')
  const { backupDataDir } = await import('../db/backup.js')
  const { dataDir } = readRegionalConfig(process.env)
  const { databases, blobs } = await backupDataDir(dataDir, to)
  return `copied ${[...databases, plural(blobs, 'blob file')].join(' and ')} to ${to}`
}

async function health(args: string[]): Promise<string> {
  readOptions(args, {})
  const { checkHealth } = await import('../operator/health.js')
  return checkHealth(process.env)
}

/** Respects backpressure, and ends quietly when the reader closes the pipe, as `head` does. */
async function print(lines: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(terminated(lines)), process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

function* terminated(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`
}
