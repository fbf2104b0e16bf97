/** A named parameter of a query that is built once and run often. */
export class Parameter {
  constructor(readonly name: string) {}
}

/** The positional values of a query: constants as built, named parameters from `params`. */
export function bind(query: { parameters: readonly unknown[] }, params: unknown): unknown[] {
  return query.parameters.map((value) =>
    value instanceof Parameter ? (params as Record<string, unknown>)[value.name] : value,
  )
}
