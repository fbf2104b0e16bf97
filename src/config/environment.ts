import type { Static, TObject } from 'typebox'
import { Check } from 'typebox/value'
import { parseByteSize } from '../lib/byte-size.js'
import { isSetByOrchestrator } from './orchestrator.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** A variable's schema: JSON Schema, and some keywords more. */
interface Variable {
  type?: string
  default?: unknown
  /** Completes the sentence "must be …". */
  description?: string
  /** `bytes`: a size, see byte-size.ts. */
  unit?: 'bytes'
  /** Messages never repeat its value. */
  secret?: boolean
}

/** Prefix of every documented variable (`SYNCSPHERE_PORT`). The rest is the short name. */
export const PREFIX = 'SYNCSPHERE_'

/**
 * Reads the variables of `schema`, one for each property. The prefixed name takes precedence over the short one. The
 * default replaces an empty variable and a value that an orchestrator set. Never throws: use the values only if there are
 * no faults.
 *
 * @returns the converted values, and a line for each invalid variable
 */
export function readVariables<S extends TObject>(
  schema: S,
  env: Environment,
): { values: Static<S>; faults: string[] } {
  const values: Record<string, unknown> = {}
  const faults: string[] = []
  for (const [name, property] of Object.entries(schema.properties)) {
    const variable = property as Variable
    const { given, text } = lookUp(name, env)
    const value = text ? convert(text, variable) : variable.default
    if (value === undefined) continue
    values[name] = value
    if (Check(property, value)) continue
    const shown = variable.secret ? '' : `, and is ${JSON.stringify(text)}`
    // Shells and package managers set short names too, such as NAME and HOST.
    const hint = given === name ? `; ${PREFIX}${name} takes precedence over it` : ''
    faults.push(`${given}: must be ${variable.description}${shown}${hint}`)
  }
  return { values: values as Static<S>, faults }
}

function lookUp(name: string, env: Environment): { given: string; text: string | undefined } {
  const prefixed = `${PREFIX}${name}`
  const text = env[prefixed]
  if (text && !isSetByOrchestrator(prefixed, text)) return { given: prefixed, text }
  return { given: name, text: env[name] }
}

function convert(text: string, variable: Variable): unknown {
  if (variable.unit === 'bytes') return parseByteSize(text) ?? text
  return variable.type === 'integer' && /^\d+$/.test(text) ? Number(text) : text
}

/** Describes each variable in a line: its values, and its default. */
export function describeVariables({ properties }: TObject): string {
  const width = Math.max(...Object.keys(properties).map((name) => PREFIX.length + name.length))
  const lines = Object.entries(properties).map(([name, property]) => {
    const { description, default: otherwise } = property as Variable
    const fallback = otherwise === undefined ? '' : ` (${otherwise})`
    return `  ${`${PREFIX}${name}`.padEnd(width)}  ${description}${fallback}`
  })
  return lines.join('\n')
}
