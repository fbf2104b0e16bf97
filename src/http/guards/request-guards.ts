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
import { faultOfSyntax } from './request-syntax.js'
import { ANYBODY, type RouteGuards } from './route-guards.js'
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

const DEFAULT_GUARDS: RouteGuards = { access: ANYBODY }

/** After this a client that met a starting or closing server may try again. */
const RETRY_UNAVAILABLE_SECONDS = 5

/**
 * Puts the checks that every request passes before all routes, whoever adds them: each route says in its `config.guards`
 * what it asks for. Has to come before the routes, which it gets to know as they are added.
 */
export function addRequestGuards(app: FastifyInstance, deps: RequestGuardsDeps): void {
  const { authenticate, checkRate, limits, baseHeaders, publicOrigin } = deps
  const refusalOfUnknown = methodNotAllowed(app)
  const slowBodies = new SlowBodyGuard(limits)
  const warnOfProxies = proxyWarnings(deps.isSecure)
  let isClosing = false

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
    const guards = request.routeOptions.config.guards ?? DEFAULT_GUARDS
    try {
      checkServing()
      checkSyntax(request, reply)
      checkCaller(request, reply, guards)
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
    const fault = faultOfSyntax(request.raw, limits)
    // No protocol but HTTP/1.1 is spoken here. Node's parser drops what is pipelined behind such a request.
    if (fault !== undefined || request.raw.headers.upgrade !== undefined) reply.header('connection', 'close')
    if (fault === undefined) return
    throw fault
  }

  function checkCaller(request: FastifyRequest, reply: FastifyReply, { access, rate }: RouteGuards): void {
    try {
      request.caller = authenticate(request, access)
    } finally {
      // Counted by address where the login failed, and that before it is told.
      checkRate(request, reply, rate)
    }
    if (request.is404) throw refusalOfUnknown(request.url)
    checkCsrf(request, publicOrigin)
  }
}
