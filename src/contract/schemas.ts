import { type Document, type ParameterObject, resolve, type Schema } from './document.js'
import { JSON_MEDIA_TYPE, type Operation } from './operation.js'

const COMPONENT = '#/components/schemas/'

/** The components as schemas of their own, each with its name for `$id`, so that nothing has to be dereferenced. */
export function componentSchemas(document: Document): Schema[] {
  return Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => ({
    ...pointAtIds(schema),
    $id: name,
  }))
}

/** A copy of the schema in which `#/components/schemas/X` reads `X#`. */
export function pointAtIds(schema: Schema): Schema {
  return mapReferences(schema) as Schema
}

function mapReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapReferences)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' && inner.startsWith(COMPONENT)
        ? `${inner.slice(COMPONENT.length)}#`
        : mapReferences(inner),
    ]),
  )
}

/**
 * The schema of one place of parameters. Path and query are closed: what is not declared is refused. Headers are open,
 * since clients and proxies add theirs.
 */
export function parameterSchema(operation: Operation, place: 'path' | 'query' | 'header'): Schema {
  const parameters = operation.parameters.filter((parameter) => parameter.in === place)
  const name = (parameter: ParameterObject) =>
    place === 'header' ? parameter.name.toLowerCase() : parameter.name
  return {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map((parameter) => [name(parameter), pointAtIds(parameter.schema ?? {})]),
    ),
    required: parameters.filter((parameter) => parameter.required).map(name),
    ...(place === 'header' ? {} : { additionalProperties: false }),
  }
}

/** The body's schema, closed even where the document does not say so: unknown properties are refused, not ignored. */
export function bodySchema(document: Document, schema: Schema): Schema {
  const root = resolve(document, schema)
  const closed = 'additionalProperties' in root || 'unevaluatedProperties' in root
  return closed ? pointAtIds(schema) : { type: 'object', ...pointAtIds(schema), unevaluatedProperties: false }
}

/** What fastify serialises answers by: the JSON bodies of the declared successes, and nothing else. */
export function responseSchemas(
  operation: Operation,
): Record<string, { content: Record<string, { schema: Schema }> }> {
  const responses: Record<string, { content: Record<string, { schema: Schema }> }> = {}
  for (const [status, content] of operation.successes) {
    const schema = content[JSON_MEDIA_TYPE]?.schema
    if (schema) responses[status] = { content: { [JSON_MEDIA_TYPE]: { schema: pointAtIds(schema) } } }
  }
  return responses
}
