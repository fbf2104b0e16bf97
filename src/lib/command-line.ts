import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The command line is wrong. The message names the option. */
export class UsageError extends Error {}

/**
 * Parses a command line. Only options that are `multiple` may be repeated, and no value may be empty.
 * @throws UsageError
 */
export function parseCommandLine<const Config extends ParseArgsConfig>(config: Config) {
  try {
    const parsed = parseArgs(config)
    const { tokens = [] } = parseArgs({ ...config, tokens: true })
    const given = tokens.flatMap((token) => (token.kind === 'option' ? token : []))
    const single = given.map(({ name }) => name).filter((name) => !config.options?.[name]?.multiple)
    const repeated = single.find((name, index) => single.indexOf(name) < index)
    if (repeated !== undefined) throw new Error(`--${repeated} is given twice`)
    const empty = given.find(({ value }) => value === '')
    if (empty !== undefined) throw new Error(`--${empty.name} is missing`)
    // Node replaces bytes that are not UTF-8 by U+FFFD.
    const unreadable = given.find(({ value }) => value?.includes('\ufffd'))
    if (unreadable !== undefined) throw new Error(`--${unreadable.name} must be UTF-8`)
    return parsed
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
