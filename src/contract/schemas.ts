import { type Document, type ParameterObject, resolve, type Schema } from './document.js'
import { JSON_MEDIA_TYPE, type Operation } from './operation.js'

const COMPONENT = '#/components/schemas/'

/** The component schemas, each with its name as `$id`, so that references need no dereferencing. */
export function componentSchemas(document: Document): Schema[] {
  return Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => ({
    ...pointAtIds(schema),
    $id: name,
  }))
}

/** Copies a schema and replaces the references `#/components/schemas/X` by `X#`. */
export function pointAtIds(schema: Schema): Schema {
  return mapRefs(schema) as Schema
}

function mapRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapRefs)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' && inner.startsWith(COMPONENT)
        ? `${inner.slice(COMPONENT.length)}#`
        : mapRefs(inner),
    ]),
  )
}

/**
 * The schema of the parameters in one location. Path and query are closed: undeclared parameters are invalid. Headers are
 * open, since clients and proxies add their own.
 */
export function parameterSchema(operation: Operation, location: 'path' | 'query' | 'header'): Schema {
  const parameters = operation.parameters.filter((parameter) => parameter.in === location)
  const name = (parameter: ParameterObject) =>
    location === 'header' ? parameter.name.toLowerCase() : parameter.name
  return {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map((parameter) => [name(parameter), pointAtIds(parameter.schema ?? {})]),
    ),
    required: parameters.filter((parameter) => parameter.required).map(name),
    ...(location === 'header' ? {} : { additionalProperties: false }),
  }
}

/** The schema of a JSON body, closed by default: unknown properties are invalid instead of ignored. */
export function bodySchema(document: Document, schema: Schema): Schema {
  const root = resolve(document, schema)
  const closed = 'additionalProperties' in root || 'unevaluatedProperties' in root
  return closed ? pointAtIds(schema) : { type: 'object', ...pointAtIds(schema), unevaluatedProperties: false }
}

/** The schemas by which Fastify serialises responses: the JSON bodies of the declared successes. */
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
