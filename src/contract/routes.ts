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

/** What stands between a route and the world; the HTTP edge gives it. */
export interface RouteHooks {
  /** What the edge checks before a byte of the body is read: who calls, how often, and with what kind of body. */
  config(operation: Operation): FastifyContextConfig
  /** Runs the handler and sends its response. */
  handle(operation: Operation): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}

/**
 * The operations of the document, after a check that each has its handler and each handler its operation.
 * @throws Error with one line for each fault
 */
export function checkedOperations(document: Document, handlerIds: string[]): Operation[] {
  const operations = operationsOf(document)
  const wanted = new Set(operations.map((operation) => operation.handlerId))
  const faults = [
    ...(document.openapi.startsWith('3.1.') ? [] : ['openapi.yaml: not an OpenAPI 3.1 document']),
    ...schemeFaults(document).map((fault) => `openapi.yaml: ${fault}`),
    ...[...wanted]
      .filter((id) => !handlerIds.includes(id))
      .map((id) => `no handler for the operation "${id}"`),
    ...handlerIds
      .filter((id) => !wanted.has(id))
      .map((id) => `the handler "${id}" has no operation in openapi.yaml`),
  ]
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return operations
}

/**
 * Makes one route for each operation: closed schemas for what comes in, what the edge checks before it, and serialisers for
 * what goes out, so that a field that is not declared never leaves the server. The application needs the
 * `componentSchemas` beside them.
 */
export function routesOf(document: Document, operations: Operation[], hooks: RouteHooks): RouteOptions[] {
  const validatorCompiler = requestValidators(document) as FastifySchemaCompiler<FastifySchema>
  return operations.map((operation) => ({
    ...routeOf(document, operation, hooks),
    method: methodsOf(operation, operations),
    validatorCompiler,
  }))
}

/** Every GET is a HEAD as well (RFC 9110 section 9.3.2), unless the document declares one that is not the same. */
function methodsOf({ method, path }: Operation, operations: Operation[]): HTTPMethods[] {
  const isAlsoHead = method === 'GET' && !operations.some((one) => one.method === 'HEAD' && one.path === path)
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
