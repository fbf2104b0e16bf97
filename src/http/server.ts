import { fastifyCookie } from '@fastify/cookie'
import { fastifyMultipart } from '@fastify/multipart'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
  type RouteOptions,
} from 'fastify'
import type { Logger } from 'pino'
import type { Handlers } from '../contract/handlers.js'
import type { Contract } from '../contract/load.js'
import { checkedOperations, routesOf } from '../contract/routes.js'
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

/** One request and its response. `route` is the declared path, never the URL. */
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
  /** What is served beside the contract: plugins whose routes say in `config.guards` what they ask of a request. */
  protocols?: FastifyPluginAsync[] | undefined
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
  /** Called when a response has been sent. */
  onSent?: ((sent: SentResponse) => void) | undefined
  /** Whether requests are served yet; while it says no, all get 503. */
  isReady?: (() => boolean) | undefined
}

/** Whether users reach the server over HTTPS, by itself or through a proxy: it decides on cookies and HSTS. */
export function isServedOverHttps({ tls, publicOrigin }: Pick<ServerDeps, 'tls' | 'publicOrigin'>): boolean {
  return tls !== undefined || publicOrigin?.startsWith('https:') === true
}

/**
 * Makes the HTTP server out of the contract; it listens when it is told to (`await app.listen(…)`), and ends with
 * `app.close()`: event streams at once, after the responses to other requests.
 * @throws Error with one line for each operation without handler, handler without operation, or fault of the document
 */
export async function buildServer(options: ServerDeps): Promise<FastifyInstance> {
  const { contract, handlers, credentials, publicOrigin } = options
  const operations = checkedOperations(contract.document, Object.keys(handlers))
  const secure = isServedOverHttps(options)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const baseHeaders = securityHeaders(secure)
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const refusal = mapError(error)
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
    genReqId: systemRandom.id,
    ...(options.trustProxy !== undefined && { trustProxy: options.trustProxy }),
    schemaController: { compilersFactory: { buildSerializer: responseSerialisers() } },
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
  batchResponses(app)
  // Without its hook, which would parse the cookies of every request: `sessionCookie` does that where a session counts.
  await app.register(fastifyCookie, { hook: false })
  app.removeAllContentTypeParsers()
  addJsonParser(app)
  addRequestGuards(app, {
    authenticate: authentication(credentials, sessionCookie(secure)),
    checkRate: rateCheck(options.rateLimits !== false),
    limits,
    baseHeaders,
    publicOrigin,
    isSecure: secure,
    isReady: options.isReady ?? (() => true),
  })
  const { onSent } = options
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
  await addRoutes(app, routesOf(contract.document, operations, operationHooks(app, handlers, limits)))
  for (const protocol of options.protocols ?? []) await app.register(protocol)
  await addApiDocs(app, contract)
  return app
}

/** Forms are apart from the rest, for the multipart plugin's hooks cost every request that passes them. */
async function addRoutes(app: FastifyInstance, routes: RouteOptions[]): Promise<void> {
  const takesForm = ({ config }: RouteOptions) =>
    config?.guards?.body?.mediaTypes.includes('multipart/form-data') === true
  for (const route of routes) if (!takesForm(route)) app.route(route)
  await app.register((forms, _options, done) => {
    void forms.register(fastifyMultipart)
    for (const route of routes) if (takesForm(route)) forms.route(route)
    done()
  })
}
