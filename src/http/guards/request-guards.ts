import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'
import type { Limits } from '../limits.js'
import type { Authenticate } from './authentication.js'
import { checkBody } from './body-check.js'
import { stripForwardedPorts } from './client-address.js'
import { checkCsrf } from './csrf-check.js'
import { methodNotAllowed } from './method-not-allowed.js'
import { proxyWarnings } from './proxy-warnings.js'
import type { CheckRate } from './rate-check.js'
import { findSyntaxError } from './request-syntax.js'
import { OPEN_ACCESS, type RouteGuards } from './route-guards.js'
import { SlowBodyGuard } from './slow-body-guard.js'

export interface RequestGuardsDeps {
  authenticate: Authenticate
  checkRate: CheckRate
  limits: Limits
  baseHeaders: Record<string, string>
  publicOrigin: string | undefined
  /** Whether users reach the server over HTTPS. */
  isSecure: boolean
  isReady: () => boolean
}

const ANONYMOUS: Caller = { kind: 'anonymous' }

const DEFAULT_GUARDS: RouteGuards = { access: OPEN_ACCESS }

/** `Retry-After` of a starting or closing server. */
const RETRY_UNAVAILABLE_SECONDS = 5

/**
 * Adds the checks that every request passes before its route, including the routes of plugins. Each route declares its
 * requirements in `config.guards`. Call it before adding routes, which it observes.
 */
export function addRequestGuards(app: FastifyInstance, deps: RequestGuardsDeps): void {
  const { authenticate, checkRate, limits, baseHeaders, publicOrigin } = deps
  const unknownRouteError = methodNotAllowed(app)
  const slowBodies = new SlowBodyGuard(limits)
  const warnOfProxies = proxyWarnings(deps.isSecure)
  let isClosing = false
  slowBodies.start()

  app.decorateRequest('caller', null as never)
  app.addHook('onRoute', (route) => {
    const maxBytes = route.config?.guards?.body?.maxBytes
    if (maxBytes !== undefined) route.bodyLimit = maxBytes
  })
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onClose', (_instance, done) => {
    slowBodies[Symbol.dispose]()
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    request.caller = ANONYMOUS
    stripForwardedPorts(request.raw)
    warnOfProxies(request)
    reply.headers(baseHeaders).header('x-request-id', request.id)
    const isUnknown = request.is404 || hasEmptyParameter(request)
    const guards = (isUnknown ? undefined : request.routeOptions.config.guards) ?? DEFAULT_GUARDS
    try {
      checkServing()
      checkSyntax(request, reply)
      checkCaller(request, reply, guards)
      if (isUnknown) throw unknownRouteError(request.url)
      checkCsrf(request, publicOrigin)
    } catch (error) {
      return done(error as DomainError)
    }
    checkBody(request, reply, guards.body, slowBodies, done)
  })

  function checkServing(): void {
    if (!isClosing && deps.isReady()) return
    throw new DomainError('unavailable', `The server is ${isClosing ? 'closing' : 'starting'}.`, {
      retryAfterSeconds: RETRY_UNAVAILABLE_SECONDS,
    })
  }

  function checkSyntax(request: FastifyRequest, reply: FastifyReply): void {
    const fault = findSyntaxError(request.raw, limits)
    // The server speaks only HTTP/1.1. Node's parser drops requests pipelined behind one with `Upgrade`.
    if (fault !== undefined || request.raw.headers.upgrade !== undefined) reply.header('connection', 'close')
    if (fault !== undefined) throw fault
  }

  function checkCaller(request: FastifyRequest, reply: FastifyReply, { access, rate }: RouteGuards): void {
    try {
      request.caller = authenticate(request, access)
    } finally {
      // Failed authentication counts too, by address.
      checkRate(request, reply, rate)
    }
  }
}

/** The router matches `/files/` with `/files/:file_id` and an empty parameter. A path template needs a value. */
function hasEmptyParameter({ params }: FastifyRequest): boolean {
  const values = params as Record<string, string>
  for (const name in values) if (name !== '*' && values[name] === '') return true
  return false
}
