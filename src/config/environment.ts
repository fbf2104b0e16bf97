import type { Static, TObject } from 'typebox'
import { Check } from 'typebox/value'
import { parseByteSize } from '../lib/byte-size.js'
import { isSetByOrchestrator } from './orchestrator.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a schema property may say of its variable, beside JSON Schema's own keywords. */
interface Variable {
  type?: string
  default?: unknown
  /** Completes the sentence "must be …". */
  description?: string
  /** `bytes`: a size, see byte-size.ts. */
  unit?: 'bytes'
  /** Its value is never repeated in a message. */
  secret?: boolean
}

/** Begins the documented name of every variable of ours: `SYNCSPHERE_PORT`. The rest is its short name. */
export const PREFIX = 'SYNCSPHERE_'

/**
 * Reads the variables that `schema` names, each a property of its own, out of `env`: by the prefixed name first, then by
 * the short one. An empty variable counts as unset, and so does a value that an orchestrator put there; the schema's
 * default takes its place. Never throws: the values are to be used only when there are no faults.
 *
 * @returns the converted values, and one line for each variable that holds what it must not
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
    // Shells and package managers set short names for reasons of their own: NAME, HOST.
    const cure = given === name ? `; ${PREFIX}${name} goes before it` : ''
    faults.push(`${given}: must be ${variable.description}${shown}${cure}`)
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

/** One line for each variable that `schema` names: what it must be, and what it is where it is not set. */
export function describeVariables({ properties }: TObject): string {
  const width = Math.max(...Object.keys(properties).map((name) => PREFIX.length + name.length))
  const lines = Object.entries(properties).map(([name, property]) => {
    const { description, default: otherwise } = property as Variable
    const fallback = otherwise === undefined ? '' : ` (${otherwise})`
    return `  ${`${PREFIX}${name}`.padEnd(width)}  ${description}${fallback}`
  })
  return lines.join('\n')
}
