/** The place of a parameter in a query that is built once and run often. */
export class Parameter {
  constructor(readonly name: string) {}
}

/** Puts parameters in the places of a query's slots. */
export function bind(query: { parameters: readonly unknown[] }, params: unknown): unknown[] {
  return query.parameters.map((value) =>
    value instanceof Parameter ? (params as Record<string, unknown>)[value.name] : value,
  )
}
