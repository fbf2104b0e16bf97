import { parseCommandLine, UsageError } from '../lib/command-line.js'

type Options<Required extends string, Flag extends string> = Record<Required, string> & Record<Flag, boolean>

/**
 * Reads a command's options: each of `required` takes a value, each of `flags` none.
 * @throws UsageError
 */
export function readOptions<const Required extends string = never, const Flag extends string = never>(
  args: string[],
  { required = [], flags = [] }: { required?: readonly Required[]; flags?: readonly Flag[] },
): Options<Required, Flag> {
  const options = Object.fromEntries([
    ...required.map((name) => [name, { type: 'string' as const }]),
    ...flags.map((name) => [name, { type: 'boolean' as const }]),
  ])
  const values: Record<string, unknown> = parseCommandLine({ args, options }).values
  const missing = required.find((name) => !values[name])
  if (missing !== undefined) throw new UsageError(`--${missing} is missing`)
  const given = flags.map((name) => [name, values[name] === true])
  return { ...values, ...Object.fromEntries(given) } as Options<Required, Flag>
}
