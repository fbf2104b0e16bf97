import { Readable } from 'node:stream'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Document,
  type OperationObject,
  type ResponseObject,
  resolve,
} from '../../src/contract/document.js'
import { type Operation, operationsOf } from '../../src/contract/operation.js'
import { componentSchemas, pointAtIds } from '../../src/contract/schemas.js'

/** Problems that every path may have by the contract's description. */
const EVERYWHERE: Record<number, string[]> = {
  400: ['validation-failed'],
  404: ['not-found'],
  405: ['method-not-allowed'],
  408: ['request-timeout'],
  431: ['request-header-too-large'],
}

/** Problems of paths that are no operation (documents, unknown paths). */
const OUTSIDE_OPERATIONS: Record<number, string[]> = {
  ...EVERYWHERE,
  429: ['rate-limited'],
  503: ['unavailable'],
}

/**
 * Makes a server respond with 500 instead of a status, media type, body or problem that openapi.yaml does not declare for
 * the operation. Call it after `buildServer` and before `listen`. It does not check hijacked responses (event streams) and
 * the content of downloads.
 * @returns the list of violations, which tests expect to be empty
 */
export function checkResponses(app: FastifyInstance, document: Document): string[] {
  const violations: string[] = []
  const operationOf = operationFinder(document)
  const faultsOf = responseChecker(document, operationOf)
  app.addHook('onSend', (request, reply, payload, done) => {
    const faults = faultsOf(request, reply, payload)
    if (faults.length === 0) return done()
    const name = operationOf(request)?.id ?? request.url
    violations.push(...faults.map((fault) => `${request.method} ${name}: ${fault}`))
    if (payload instanceof Readable) payload.destroy()
    reply.code(500).removeHeader('content-length').type('text/plain')
    done(null, faults.join('\n'))
  })
  return violations
}

type OperationFinder = (request: FastifyRequest) => Operation | undefined

/** Finds operations by route. The route of a GET may also serve HEAD. */
function operationFinder(document: Document): OperationFinder {
  const routeOf = ({ method, path }: Operation) => `${method} ${path.replaceAll(/\{([^}]*)\}/g, ':$1')}`
  const operations = new Map(operationsOf(document).map((operation) => [routeOf(operation), operation]))
  return ({ method, routeOptions: { url } }) =>
    operations.get(`${method} ${url}`) ?? (method === 'HEAD' ? operations.get(`GET ${url}`) : undefined)
}

type Checker = (request: FastifyRequest, reply: FastifyReply, payload: unknown) => string[]

function responseChecker(document: Document, operationOf: OperationFinder): Checker {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  for (const schema of componentSchemas(document)) ajv.addSchema(schema)
  const validators = new Map<object, ValidateFunction>()

  return (request, reply, payload) => {
    const operation = operationOf(request)
    const status = reply.statusCode
    const type = String(reply.getHeader('content-type') ?? '').split(';', 1)[0] ?? ''
    const slug = type === 'application/problem+json' ? slugOf(payload) : undefined
    const general = headerFaults(request, reply)
    if (!operation) {
      if (status < 400) return general
      const known = slug !== undefined && OUTSIDE_OPERATIONS[status]?.includes(slug)
      return known ? general : [...general, `${status} ${slug ?? type} on no operation`]
    }
    if (slug !== undefined && EVERYWHERE[status]?.includes(slug)) return general
    const item = document.paths[operation.path]?.[operation.method.toLowerCase() as 'get'] as OperationObject
    const declared = item.responses?.[status]
    if (!declared) return [...general, `status ${status} (${slug ?? type}) is not declared`]
    return [...general, ...contentFaults(resolve(document, declared), type, slug, payload)]
  }

  function contentFaults(response: ResponseObject, type: string, slug: string | undefined, payload: unknown) {
    const content = response.content ?? {}
    const media = content[type] ?? content['*/*']
    const isEmpty = payload === undefined || payload === null || payload === ''
    if (!media)
      return isEmpty && Object.keys(content).length === 0 ? [] : [`media type "${type}" is not declared`]
    if (slug !== undefined && !(slug in (media.examples ?? {}))) return [`problem "${slug}" is not declared`]
    if (!type.endsWith('json') || isEmpty || !media.schema) return []
    const validate = validators.get(media) ?? ajv.compile(pointAtIds(media.schema))
    validators.set(media, validate)
    if (validate(JSON.parse(String(payload)))) return []
    return (validate.errors ?? []).map((error) => `body${error.instancePath} ${error.message}`)
  }
}

function slugOf(payload: unknown): string {
  return (JSON.parse(String(payload)) as { type: string }).type.split(':').at(-1) as string
}

/** Checks the headers that every response needs. */
function headerFaults(request: FastifyRequest, reply: FastifyReply): string[] {
  const faults: string[] = []
  if (reply.getHeader('x-content-type-options') !== 'nosniff') faults.push('no X-Content-Type-Options')
  if (!reply.hasHeader('cache-control')) faults.push('no Cache-Control')
  if (reply.getHeader('x-request-id') !== request.id) faults.push('no X-Request-Id')
  if (reply.statusCode === 401 && !reply.hasHeader('www-authenticate'))
    faults.push('401 without WWW-Authenticate')
  if ([429, 503].includes(reply.statusCode) && !reply.hasHeader('retry-after')) {
    faults.push(`${reply.statusCode} without Retry-After`)
  }
  return faults
}
