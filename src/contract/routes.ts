import type {
  FastifyContextConfig,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  FastifySchemaCompiler,
  HTTPMethods,
  RouteOptions,
} from 'fastify'
import { schemeFaults } from './access.js'
import type { Document } from './document.js'
import { type Operation, operationsOf } from './operation.js'
import { bodySchema, parameterSchema, responseSchemas } from './schemas.js'
import { requestValidators } from './validation.js'

/** Connects operations with the HTTP edge. */
export interface RouteHooks {
  /** The route's guards, and the locations of its fields. */
  config(operation: Operation): FastifyContextConfig
  /** Runs the handler and sends its response. */
  handle(operation: Operation): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}

/**
 * Returns the document's operations after checking that operations and handlers correspond.
 * @throws Error with one line for each fault
 */
export function checkOperations(document: Document, handlerIds: string[]): Operation[] {
  const operations = operationsOf(document)
  const expectedIds = new Set(operations.map((operation) => operation.handlerId))
  const faults = [
    ...(document.openapi.startsWith('3.1.') ? [] : ['openapi.yaml: not an OpenAPI 3.1 document']),
    ...schemeFaults(document).map((fault) => `openapi.yaml: ${fault}`),
    ...[...expectedIds]
      .filter((id) => !handlerIds.includes(id))
      .map((id) => `no handler for the operation "${id}"`),
    ...handlerIds
      .filter((id) => !expectedIds.has(id))
      .map((id) => `the handler "${id}" has no operation in openapi.yaml`),
  ]
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return operations
}

/**
 * Creates a route for each operation, with its guards, closed request schemas, and response schemas that keep undeclared
 * fields from leaving the server. The application also needs the `componentSchemas`.
 */
export function routesOf(document: Document, operations: Operation[], hooks: RouteHooks): RouteOptions[] {
  const validatorCompiler = requestValidators(document) as FastifySchemaCompiler<FastifySchema>
  return operations.map((operation) => ({
    ...routeOf(document, operation, hooks),
    method: methodsOf(operation, operations),
    validatorCompiler,
  }))
}

/** Every GET route also serves HEAD (RFC 9110 section 9.3.2), unless the document declares HEAD itself. */
function methodsOf({ method, path }: Operation, operations: Operation[]): HTTPMethods[] {
  const isAlsoHead =
    method === 'GET' && !operations.some((other) => other.method === 'HEAD' && other.path === path)
  return [method as HTTPMethods, ...(isAlsoHead ? ['HEAD' as const] : [])]
}

function routeOf(document: Document, operation: Operation, hooks: RouteHooks): Omit<RouteOptions, 'method'> {
  const headers = parameterSchema(operation, 'header')
  return {
    url: operation.path.replaceAll(/\{([^}]*)\}/g, ':$1'),
    config: hooks.config(operation),
    exposeHeadRoute: false,
    schema: {
      params: parameterSchema(operation, 'path'),
      querystring: parameterSchema(operation, 'query'),
      ...(Object.keys(headers['properties'] as object).length > 0 && { headers }),
      ...(operation.jsonBody && { body: bodySchema(document, operation.jsonBody) }),
      response: responseSchemas(operation),
    },
    handler: hooks.handle(operation),
  }
}
