import { parseArgs } from 'node:util'

/** The command line is wrong. The message names the option. */
export class UsageError extends Error {}

type Options<Required extends string, Flag extends string> = Record<Required, string> & Record<Flag, boolean>

/**
 * Reads a command's options: each of `required` takes a value, each of `flags` none.
 * @throws UsageError
 */
export function readOptions<const Required extends string = never, const Flag extends string = never>(
  args: string[],
  { required = [], flags = [] }: { required?: readonly Required[]; flags?: readonly Flag[] },
): Options<Required, Flag> {
  const values = parse(args, required, flags)
  const missing = required.find((name) => !values[name])
  if (missing !== undefined) throw new UsageError(`--${missing} is missing`)
  const given = flags.map((name) => [name, values[name] === true])
  return { ...values, ...Object.fromEntries(given) } as Options<Required, Flag>
}

function parse(args: string[], required: readonly string[], flags: readonly string[]) {
  const options = Object.fromEntries([
    ...required.map((name) => [name, { type: 'string' as const }]),
    ...flags.map((name) => [name, { type: 'boolean' as const }]),
  ])
  try {
    const { values, tokens } = parseArgs({ args, options, tokens: true })
    const names = tokens.flatMap((token) => (token.kind === 'option' ? token.name : []))
    const repeated = names.find((name, index) => names.indexOf(name) < index)
    if (repeated !== undefined) throw new Error(`--${repeated} is given twice`)
    // Node replaces bytes that are not UTF-8 by U+FFFD.
    const unreadable = Object.entries(values).find(([, value]) => String(value).includes('\ufffd'))
    if (unreadable !== undefined) throw new Error(`--${unreadable[0]} must be UTF-8`)
    return values as Record<string, string | boolean | undefined>
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
