import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Handlers } from '../../contract/handlers.js'
import type { Operation } from '../../contract/operation.js'
import type { RouteHooks } from '../../contract/routes.js'
import type { Policy } from '../guards/rate-limiter.js'
import type { RouteGuards } from '../guards/route-guards.js'
import type { Limits } from '../limits.js'
import { HandlerContext } from './handler-context.js'
import { type HandlerResponse, sendResponse } from './send-response.js'

type AnyHandler = (input: unknown, context: HandlerContext) => HandlerResponse | Promise<HandlerResponse>

/** Operations open to anybody that are worth abusing have stricter rates by address. */
const RATES: Record<string, Policy> = {
  loginUser: { name: 'login', quota: 120, windowSeconds: 60 },
  registerUser: { name: 'register', quota: 60, windowSeconds: 60 },
}

/** Connects the contract's operations with the request guards and the handlers. */
export function operationHooks(app: FastifyInstance, handlers: Handlers, limits: Limits): RouteHooks {
  const streams = new Set<ServerResponse>()
  app.addHook('preClose', (done) => {
    // The server closes only after every response has ended, and event streams do not end by themselves.
    for (const stream of streams) stream.end()
    done()
  })
  return {
    config: (operation) => ({
      guards: guardsOf(operation, limits),
      pathOf: (field) => pathOf(operation, field),
    }),
    handle(operation) {
      const handler = (handlers as unknown as Record<string, AnyHandler>)[operation.handlerId] as AnyHandler
      const headerNames = operation.parameters
        .filter((parameter) => parameter.in === 'header')
        .map(({ name }) => name.toLowerCase())
      return async (request, reply) => {
        const input = {
          params: request.params,
          query: request.query,
          headers: declaredHeaders(request, headerNames),
          body: operation.jsonBody && request.body,
        }
        const response = await handler(input, new HandlerContext(request, reply))
        return sendResponse(operation, response, request, reply, { streams, limits })
      }
    },
  }
}

function guardsOf(
  { id, access, limited, jsonBody, requestMediaTypes }: Operation,
  limits: Limits,
): RouteGuards {
  const rate = limited ? RATES[id] : 'unlimited'
  const body = {
    mediaTypes: requestMediaTypes,
    ...(jsonBody && { maxBytes: limits.jsonBodyBytes }),
  }
  return { access, ...(rate && { rate }), ...(requestMediaTypes.length > 0 && { body }) }
}

/** The location of a field in the request: a parameter or else the body. In a form, `name` is the file part's filename. */
function pathOf({ parameters, requestMediaTypes }: Operation, field: string): string {
  const parameter = parameters.find(({ name }) => name === field)
  if (parameter !== undefined) return `${parameter.in}/${field}`
  const isFileName = field === 'name' && requestMediaTypes.includes('multipart/form-data')
  return isFileName ? 'body/file/filename' : `body/${field}`
}

function declaredHeaders(request: FastifyRequest, names: string[]): Record<string, unknown> {
  const headers: Record<string, unknown> = {}
  for (const name of names) {
    if (request.headers[name] !== undefined) headers[name] = request.headers[name]
  }
  return headers
}
