import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Handlers } from '../contract/handlers.js'
import type { Operation } from '../contract/operation.js'
import type { RouteHooks } from '../contract/routes.js'
import type { Caller } from '../domain/caller.js'
import { DomainError } from '../domain/errors.js'
import { type Answer, sendAnswer } from './answer.js'
import type { Authenticate } from './authentication.js'
import { admitBody } from './body-admission.js'
import { BodyWatch } from './body-watch.js'
import { stripForwardedPorts } from './client-address.js'
import { knownPaths } from './known-paths.js'
import type { Limits } from './limits.js'
import { refuseForeignOrigin } from './origin.js'
import { proxyWarnings } from './proxy-warnings.js'
import type { RateLimits } from './rate-limits.js'
import { HandlerContext } from './request-context.js'
import { refusalOfForm } from './request-form.js'

export interface GateOptions {
  handlers: Handlers
  authenticate: Authenticate
  rates: RateLimits
  limits: Limits
  baseHeaders: Record<string, string>
  publicOrigin: string | undefined
  /** Whether users reach the server over HTTPS. */
  isSecure: boolean
  isReady: () => boolean
}

type AnyHandler = (input: unknown, context: HandlerContext) => Answer | Promise<Answer>

const ANONYMOUS: Caller = { kind: 'anonymous' }

/** After this a client that met a starting or closing server may try again. */
const RETRY_UNAVAILABLE_SECONDS = 5

/**
 * Puts the checks that every request passes before the routes, and gives the hooks that the routes are made with. Has to
 * come before the routes, which it gets to know as they are added.
 */
export function addGate(app: FastifyInstance, options: GateOptions): RouteHooks {
  const { authenticate, rates, limits, baseHeaders, publicOrigin } = options
  const handlers = options.handlers as unknown as Record<string, AnyHandler>
  const streams = new Set<ServerResponse>()
  const refusalOfUnknown = knownPaths(app)
  const watch = new BodyWatch(limits)
  const bodies = { limits, watch }
  const warnOfProxies = proxyWarnings(options.isSecure)
  let closing = false

  app.decorateRequest('caller', null as never)
  app.addHook('preClose', (done) => {
    closing = true
    // An event stream never ends by itself, and the server closes only when all is answered.
    for (const stream of streams) stream.end()
    done()
  })
  app.addHook('onClose', (_instance, done) => {
    watch[Symbol.dispose]()
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    request.caller = ANONYMOUS
    stripForwardedPorts(request.raw)
    warnOfProxies(request)
    reply.headers(baseHeaders).header('x-request-id', request.id)
    const refused = refusalOfAny(request, reply)
    if (refused !== undefined || request.routeOptions.config.operation) return done(refused)
    admitBody(
      request,
      reply,
      { method: request.method, requestMediaTypes: [], jsonBody: undefined },
      bodies,
      done,
    )
  })

  function refusalOfAny(request: FastifyRequest, reply: FastifyReply): DomainError | undefined {
    if (closing || !options.isReady()) {
      return new DomainError('unavailable', `The server is ${closing ? 'closing' : 'starting'}.`, {
        retryAfterSeconds: RETRY_UNAVAILABLE_SECONDS,
      })
    }
    const refused = refusalOfForm(request.raw, limits)
    if (refused !== undefined) {
      reply.header('connection', 'close')
      return refused
    }
    if (request.routeOptions.config.operation) return undefined
    return refusal(() => {
      rates.admit(request, reply, undefined, ANONYMOUS)
      if (request.is404) throw refusalOfUnknown(request.url)
    })
  }

  function admit(operation: Operation, request: FastifyRequest, reply: FastifyReply): void {
    try {
      request.caller = authenticate(request, operation.access)
    } finally {
      // Counted by address where the login failed, and that before it is told.
      rates.admit(request, reply, operation, request.caller)
    }
    refuseForeignOrigin(request, request.caller, publicOrigin)
  }

  return {
    admit: (operation) => (request, reply, done) => {
      const refused = refusal(() => admit(operation, request, reply))
      if (refused === undefined) admitBody(request, reply, operation, bodies, done)
      else done(refused)
    },
    answer(operation) {
      const handler = handlers[operation.handlerId] as AnyHandler
      const headerNames = operation.parameters
        .filter((one) => one.in === 'header')
        .map((one) => one.name.toLowerCase())
      return async (request, reply) => {
        const input = {
          params: request.params,
          query: request.query,
          headers: declaredHeaders(request, headerNames),
          body: operation.jsonBody && request.body,
        }
        const answer = await handler(input, new HandlerContext(request, reply))
        return sendAnswer(operation, answer, request, reply, { streams, limits })
      }
    },
  }
}

function declaredHeaders(request: FastifyRequest, names: string[]): Record<string, unknown> {
  const headers: Record<string, unknown> = {}
  for (const name of names) {
    if (request.headers[name] !== undefined) headers[name] = request.headers[name]
  }
  return headers
}

function refusal(check: () => void): DomainError | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return error as DomainError
  }
}
