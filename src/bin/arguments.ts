import { parseArgs } from 'node:util'
import { VERSION } from '../lib/version.js'

const FLAG = { type: 'boolean', default: false } as const

/**
 * Reads the command line of a program that takes only flags. Exits after `--help` and `--version`, and with 2 on an unknown
 * argument.
 * @param more the program's own flags
 * @returns the flags that are set
 */
export function readFlags(program: string, help: string, more: readonly string[] = []): Set<string> {
  const names = ['help', 'version', ...more]
  try {
    const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, FLAG])) })
    if (values['help']) printAndExit(help)
    if (values['version']) printAndExit(`${program} ${VERSION}`)
    return new Set(names.filter((name) => values[name]))
  } catch (error) {
    console.error(`${program}: ${(error as Error).message}`)
    process.exit(2)
  }
}

function printAndExit(text: string): never {
  console.log(text)
  process.exit(0)
}
