import { fastifyCookie } from '@fastify/cookie'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify'
import type { Logger } from 'pino'
import type { Handlers } from '../contract/handlers.js'
import type { Contract } from '../contract/load.js'
import { checkOperations, routesOf } from '../contract/routes.js'
import { componentSchemas } from '../contract/schemas.js'
import { DomainError } from '../domain/errors.js'
import { systemRandom } from '../lib/random.js'
import { addApiDocs } from './api/api-docs.js'
import { addJsonParser } from './api/json-body.js'
import { operationHooks } from './api/operations.js'
import { authentication, type Credentials } from './guards/authentication.js'
import { rateCheck } from './guards/rate-check.js'
import { addRequestGuards } from './guards/request-guards.js'
import { sessionCookie } from './guards/session-cookie.js'
import { DEFAULT_LIMITS, type Limits } from './limits.js'
import { nodeServer, type Tls } from './node-server.js'
import { RequestLog } from './request-log.js'
import { mapError } from './responses/error-mapping.js'
import { sendProblem } from './responses/problems.js'
import { batchResponses } from './responses/response-batching.js'
import { securityHeaders } from './responses/security-headers.js'
import { responseSerialisers } from './responses/serialisers.js'

/** A finished request. `route` is the declared path, never the URL. */
export interface SentResponse {
  method: string
  route: string
  status: number
  durationSeconds: number
}

export interface ServerDeps {
  contract: Contract
  handlers: Handlers
  credentials: Credentials
  /** Plugins for other protocols. Their routes declare their guards in `config.guards`. */
  protocols?: FastifyPluginAsync[] | undefined
  logger: Logger
  /** Certificate and key (PEM); enables HTTPS. */
  tls?: Tls | undefined
  /** The server's origin as users see it, e.g. `https://files.example.org`; for servers behind a reverse proxy. */
  publicOrigin?: string | undefined
  /** Proxies whose X-Forwarded-* headers count, in Fastify's format. */
  trustProxy?: FastifyServerOptions['trustProxy']
  /** True by default. */
  rateLimits?: boolean | undefined
  limits?: Partial<Limits> | undefined
  /** Called after each response. */
  onSent?: ((sent: SentResponse) => void) | undefined
  /** While it returns false, every request gets 503. */
  isReady?: (() => boolean) | undefined
}

/** Whether users reach the server over HTTPS, directly or through a proxy. Cookies and HSTS depend on it. */
export function isServedOverHttps({ tls, publicOrigin }: Pick<ServerDeps, 'tls' | 'publicOrigin'>): boolean {
  return tls !== undefined || publicOrigin?.startsWith('https:') === true
}

/**
 * Builds the HTTP server from the contract; `app.listen(…)` starts it. `app.close()` ends event streams at once and waits
 * for the responses to other requests.
 * @throws Error with one line for each operation without handler, handler without operation, or fault of the document
 */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { contract, handlers, credentials, publicOrigin, onSent } = deps
  const operations = checkOperations(contract.document, Object.keys(handlers))
  const isSecure = isServedOverHttps(deps)
  const limits = { ...DEFAULT_LIMITS, ...deps.limits }
  const baseHeaders = securityHeaders(isSecure)
  const sendError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const mapped = mapError(error)
    if (mapped.code === 'internal-error' || (mapped.code === 'unavailable' && mapped.cause))
      request.log.error({ err: mapped.cause ?? mapped }, 'request failed')
    return sendProblem(mapped, baseHeaders, request, reply)
  }
  const app = fastify({
    serverFactory: (handler) => nodeServer(handler, deps.tls, limits, baseHeaders),
    // `nodeServer` handles client errors.
    clientErrorHandler: () => undefined,
    loggerInstance: deps.logger as FastifyBaseLogger,
    logController: new RequestLog(),
    genReqId: systemRandom.id,
    ...(deps.trustProxy !== undefined && { trustProxy: deps.trustProxy }),
    schemaController: { compilersFactory: { buildSerializer: responseSerialisers() } },
    bodyLimit: limits.jsonBodyBytes,
    return503OnClosing: false,
    // The contract's schemas bound the length of path parameters.
    routerOptions: { maxParamLength: limits.headerBytes },
    frameworkErrors: sendError,
  })
  app.setErrorHandler(sendError)
  app.setNotFoundHandler(() => {
    throw new DomainError('not-found', 'This path does not exist.')
  })
  batchResponses(app)
  // Its hook would parse the cookies of every request. `sessionCookie` parses them only where a session counts.
  await app.register(fastifyCookie, { hook: false })
  app.removeAllContentTypeParsers()
  addJsonParser(app)
  // The handlers of forms read the body themselves.
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))
  addRequestGuards(app, {
    authenticate: authentication(credentials, sessionCookie(isSecure)),
    checkRate: rateCheck(deps.rateLimits !== false),
    limits,
    baseHeaders,
    publicOrigin,
    isSecure,
    isReady: deps.isReady ?? (() => true),
  })
  if (onSent !== undefined) {
    app.addHook('onResponse', (request, reply, done) => {
      onSent({
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.statusCode,
        durationSeconds: reply.elapsedTime / 1000,
      })
      done()
    })
  }
  for (const schema of componentSchemas(contract.document)) app.addSchema(schema)
  for (const route of routesOf(contract.document, operations, operationHooks(app, handlers, limits)))
    app.route(route)
  for (const protocol of deps.protocols ?? []) await app.register(protocol)
  await addApiDocs(app, contract)
  return app
}
