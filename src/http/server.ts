import { fastifyCookie } from '@fastify/cookie'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify'
import type { Logger } from 'pino'
import { systemChance } from '../chance.js'
import type { Handlers } from '../contract/handlers.js'
import type { Contract } from '../contract/load.js'
import { checkedOperations, routesOf } from '../contract/routes.js'
import { componentSchemas } from '../contract/schemas.js'
import { DomainError } from '../domain/errors.js'
import { addApiDocs } from './api-docs.js'
import { authentication, type Credentials } from './authentication.js'
import { coalesceAnswers } from './coalescing.js'
import { domainErrorOf } from './failures.js'
import { addGate } from './gate.js'
import { addJsonParser } from './json-body.js'
import { DEFAULT_LIMITS, type Limits } from './limits.js'
import { nodeServer, type Tls } from './node-server.js'
import { sendProblem } from './problems.js'
import { rateLimits } from './rate-limits.js'
import { RequestLog } from './request-log.js'
import { securityHeaders } from './security-headers.js'
import { answerSerialisers } from './serialisers.js'
import { sessionCookie } from './session-cookie.js'

/** One request and its answer. `route` is the declared path, never the URL. */
export interface AnsweredRequest {
  method: string
  route: string
  status: number
  durationSeconds: number
}

export interface ServerOptions {
  contract: Contract
  handlers: Handlers
  credentials: Credentials
  logger: Logger
  /** Serve HTTPS; PEM. */
  tls?: Tls | undefined
  /** As users see the server, e.g. `https://files.example.org`, when it stands behind a reverse proxy. */
  publicOrigin?: string | undefined
  /** Whose X-Forwarded-* headers count, as fastify takes it. */
  trustProxy?: FastifyServerOptions['trustProxy']
  /** Off, nothing is counted; on by default. */
  rateLimits?: boolean | undefined
  limits?: Partial<Limits> | undefined
  /** Told of every request when its answer has been sent. */
  onAnswered?: ((answered: AnsweredRequest) => void) | undefined
  /** Whether requests are served yet; while it says no, all are answered 503. */
  isReady?: (() => boolean) | undefined
}

/** Whether users reach the server over HTTPS, by itself or through a proxy: it decides on cookies and HSTS. */
export function isServedOverHttps({
  tls,
  publicOrigin,
}: Pick<ServerOptions, 'tls' | 'publicOrigin'>): boolean {
  return tls !== undefined || publicOrigin?.startsWith('https:') === true
}

/**
 * Makes the HTTP server out of the contract; it listens when it is told to (`await app.listen(…)`), and ends with
 * `app.close()`: event streams at once, other requests when they are answered.
 * @throws Error with one line for each operation without handler, handler without operation, or fault of the document
 */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { contract, handlers, credentials, publicOrigin } = options
  const operations = checkedOperations(contract.document, Object.keys(handlers))
  const secure = isServedOverHttps(options)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const baseHeaders = securityHeaders(secure)
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const refusal = domainErrorOf(error)
    if (refusal.code === 'internal-error' || (refusal.code === 'unavailable' && refusal.cause))
      request.log.error({ err: refusal.cause ?? refusal }, 'request failed')
    return sendProblem(refusal, baseHeaders, request, reply)
  }
  const app = fastify({
    serverFactory: (handler) => nodeServer(handler, options.tls, limits, baseHeaders),
    // The server above has its own.
    clientErrorHandler: () => undefined,
    loggerInstance: options.logger as FastifyBaseLogger,
    logController: new RequestLog(),
    genReqId: systemChance.id,
    ...(options.trustProxy !== undefined && { trustProxy: options.trustProxy }),
    schemaController: { compilersFactory: { buildSerializer: answerSerialisers() } },
    bodyLimit: limits.jsonBodyBytes,
    return503OnClosing: false,
    // A long parameter is for the contract's schema to refuse.
    routerOptions: { maxParamLength: limits.headerBytes },
    frameworkErrors: fail,
  })
  app.setErrorHandler(fail)
  app.setNotFoundHandler(() => {
    throw new DomainError('not-found', 'There is nothing at this path.')
  })
  coalesceAnswers(app)
  // Without its hook, which would parse the cookies of every request: `sessionCookie` does that where a session counts.
  await app.register(fastifyCookie, { hook: false })
  app.removeAllContentTypeParsers()
  addJsonParser(app)
  // Read by its handler, as it arrives.
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))
  const hooks = addGate(app, {
    handlers,
    authenticate: authentication(credentials, sessionCookie(secure)),
    rates: rateLimits(options.rateLimits !== false),
    limits,
    baseHeaders,
    publicOrigin,
    isSecure: secure,
    isReady: options.isReady ?? (() => true),
  })
  const { onAnswered } = options
  if (onAnswered !== undefined) {
    app.addHook('onResponse', (request, reply, done) => {
      onAnswered({
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.statusCode,
        durationSeconds: reply.elapsedTime / 1000,
      })
      done()
    })
  }
  for (const schema of componentSchemas(contract.document)) app.addSchema(schema)
  for (const route of routesOf(contract.document, operations, hooks)) app.route(route)
  await addApiDocs(app, contract)
  return app
}
