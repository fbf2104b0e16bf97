/**
 * Functions that are written for one query, so that what they read and make has one shape, which the engine knows. Going
 * through names in a loop takes as long as the query.
 */

/** The place of a parameter in a query that is built once and run often. */
export class Slot {
  constructor(readonly name: string) {}
}

/** Makes a row of the values of its columns. */
export type MakeRow = (values: unknown[]) => unknown

/** Puts parameters into the order in which the query has them. */
type Bind = (params: unknown) => readonly unknown[]

const binds = new WeakMap<object, Bind>()
const makers = new WeakMap<object, MakeRow>()

/** What a query is bound to: its constants, and `params` in the place of its slots. */
export function bind(query: { parameters: readonly unknown[] }, params: unknown): readonly unknown[] {
  const known = binds.get(query)
  if (known !== undefined) return known(params)
  const made = writeBind(query.parameters)
  binds.set(query, made)
  return made(params)
}

/** @param columns tells the names of what the query selects */
export function rowMaker(query: object, columns: () => string[]): MakeRow {
  const known = makers.get(query)
  if (known !== undefined) return known
  const made = writeMakeRow(columns())
  makers.set(query, made)
  return made
}

function writeBind(parameters: readonly unknown[]): Bind {
  if (!parameters.some((value) => value instanceof Slot)) return () => parameters
  const values = parameters.map((value, index) =>
    value instanceof Slot ? `params[${JSON.stringify(value.name)}]` : `constants[${index}]`,
  )
  return new Function('constants', `return (params) => [${values.join(', ')}]`)(parameters)
}

function writeMakeRow(columns: string[]): MakeRow {
  const fields = columns.map((name, index) => `${JSON.stringify(name)}: values[${index}]`)
  return new Function('values', `return { ${fields.join(', ')} }`) as MakeRow
}
