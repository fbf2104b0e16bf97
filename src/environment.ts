import type { Static, TObject } from 'typebox'
import { Check } from 'typebox/value'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a schema property may say of its variable, beside JSON Schema's own keywords. */
interface Variable {
  type?: string
  default?: unknown
  /** Completes the sentence "must be …". */
  description?: string
  /** `bytes`: a number that may end in KiB, MiB, GiB or TiB. */
  unit?: 'bytes'
  /** Its value is never repeated in a message. */
  secret?: boolean
}

const PREFIX = 'SYNCSPHERE_'
const BYTE_UNITS: Record<string, number> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}

/**
 * Reads the variables that `schema` names, each a property of its own, out of `env`. An empty variable counts as
 * unset and takes the schema's default. Never throws: the values are to be used only when there are no faults.
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
    const text = env[name]
    const value = text ? convert(text, variable) : variable.default
    if (value === undefined) continue
    values[name] = value
    if (Check(property, value)) continue
    const given = variable.secret ? '' : `, and is ${JSON.stringify(text)}`
    faults.push(`${name}: must be ${variable.description}${given}`)
  }
  return { values: values as Static<S>, faults }
}

/**
 * Finds variables that were meant for this program but that it does not know, which would otherwise be ignored
 * silently. Any environment holds variables of others (PATH, HOME, SSL_CERT_DIR …), so only these are taken for misspelt:
 * names that begin with `SYNCSPHERE_`; names that are one of `known` but for case and punctuation
 * (`data_dir`, `DATADIR`); and names as few letters away from one (inserted, dropped, replaced, swapped) as its length
 * allows: two from 9 letters on, one from 7, and below that only all the same letters in another order (`PROT`).
 *
 * @returns one line for each
 */
export function findMisspelt(env: Environment, known: readonly string[]): string[] {
  const faults: string[] = []
  for (const name of Object.keys(env).sort()) {
    if (known.includes(name)) continue
    const meant = meantBy(name, known)
    if (meant) faults.push(`${name}: unknown; is ${meant} meant?`)
    else if (name.startsWith(PREFIX))
      faults.push(`${name}: unknown; no variable of this program begins with ${PREFIX}`)
  }
  return faults
}

function convert(text: string, variable: Variable): unknown {
  if (variable.type !== 'integer') return text
  const [, digits, unit = ''] = text.match(/^(\d+)(?: ?([KMGT]iB))?$/) ?? []
  if (digits === undefined || (unit !== '' && variable.unit !== 'bytes')) return text
  return Number(digits) * (BYTE_UNITS[unit] ?? Number.NaN)
}

/** The one of `known` that a name is a misspelling of. */
function meantBy(name: string, known: readonly string[]): string | undefined {
  const bare = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name
  const letters = bare.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  const sorted = sortedLetters(bare)
  return known.find((candidate) => {
    if (bare === candidate) return true
    if (candidate.length < 7) return sorted === sortedLetters(candidate)
    if (letters.length >= 7 && letters === candidate.replaceAll('_', '')) return true
    const most = candidate.length >= 9 ? 2 : 1
    return Math.abs(bare.length - candidate.length) <= most && editDistance(bare, candidate) <= most
  })
}

function sortedLetters(name: string): string {
  return [...name].sort().join('')
}

/** Optimal string alignment distance: the least number of insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        replaced,
        at(last, j) + 1,
        at(row, j - 1) + 1,
        swapped ? at(beforeLast, j - 2) + 1 : replaced,
      )
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
