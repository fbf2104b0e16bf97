import { parseArgs } from 'node:util'
import { VERSION } from '../lib/version.js'

const FLAG = { type: 'boolean', default: false } as const

/**
 * Reads the command line of a program that takes no more than flags. Ends the process after `--help` and `--version`, and
 * with 2 when it is given something that it does not know.
 * @param more the program's own flags
 * @returns the flags that are set
 */
export function readFlags(program: string, help: string, more: readonly string[] = []): Set<string> {
  const names = ['help', 'version', ...more]
  try {
    const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, FLAG])) })
    if (values['help']) endWith(help)
    if (values['version']) endWith(`${program} ${VERSION}`)
    return new Set(names.filter((name) => values[name]))
  } catch (error) {
    console.error(`${program}: ${(error as Error).message}`)
    process.exit(2)
  }
}

function endWith(text: string): never {
  console.log(text)
  process.exit(0)
}
