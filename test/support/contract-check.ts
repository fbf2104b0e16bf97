import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { type ResponseObject, resolve, type Schema } from '../../src/contract/document.js'
import { loadContract } from '../../src/contract/load.js'
import { type Operation, operationsOf } from '../../src/contract/operation.js'
import { componentSchemas, pointAtIds } from '../../src/contract/schemas.js'

export interface Exchange {
  method: string
  /** Includes the query. */
  path: string
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

interface HeaderObject {
  required?: boolean
  schema?: Schema
}

/** Problems that openapi.yaml declares for every path. */
const EVERYWHERE = [
  'not-found',
  'method-not-allowed',
  'request-header-too-large',
  'request-timeout',
  'validation-failed',
]

const { document } = loadContract()

/** Every operation of openapi.yaml. */
export const operations: Operation[] = operationsOf(document)

const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes: false })
formats.default(ajv)
for (const schema of componentSchemas(document)) ajv.addSchema(schema)
const STREAM_EVENT: Schema = { $ref: '#/components/schemas/StreamEvent' }
const validators = new Map<object, ValidateFunction>()

const routes = operations.map((operation) => ({
  operation,
  pattern: new RegExp(`^${operation.path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
}))

/** Finds the operation of a request; a path without parameters takes precedence. */
function operationOf(method: string, path: string): Operation | undefined {
  const bare = path.split(/[?#]/, 1)[0] ?? ''
  const found = routes.filter(({ operation, pattern }) => operation.method === method && pattern.test(bare))
  return (found.find(({ operation }) => operation.path === bare) ?? found[0])?.operation
}

/** Lists the parts of a response that openapi.yaml does not declare; empty if it conforms. */
export function faultsOfResponse(seen: Exchange): string[] {
  const operation = operationOf(seen.method, seen.path)
  const slug = slugOf(seen)
  if (operation === undefined) return seen.status < 400 || slug !== undefined ? [] : ['no problem document']
  const name = `${operation.id} ${seen.status}${slug === undefined ? '' : ` ${slug}`}`
  const item = document.paths[operation.path] as Record<string, { responses: Record<string, ResponseObject> }>
  const declared = item[operation.method.toLowerCase()]?.responses[seen.status]
  if (declared === undefined) {
    return slug !== undefined && EVERYWHERE.includes(slug) ? [] : [`${name} is not declared`]
  }
  const response = resolve(document, declared)
  const faults = [...headerFaults(response, seen), ...bodyFaults(response, seen, slug)]
  return faults.map((fault) => `${name}: ${fault}`)
}

function slugOf({ headers, body }: Exchange): string | undefined {
  if (!String(headers['content-type']).startsWith('application/problem+json') || body.length === 0)
    return undefined
  return (JSON.parse(body.toString()) as { type: string }).type.replace('urn:problem-type:syncsphere:', '')
}

/** Headers of HTTP itself, and those that every response has and openapi.yaml leaves out. */
const GENERAL_HEADERS = [
  ...['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'],
  ...['content-security-policy', 'referrer-policy', 'strict-transport-security'],
]

function headerFaults({ headers: declared = {} }: ResponseObject, { headers }: Exchange): string[] {
  const names = [...GENERAL_HEADERS, ...Object.keys(declared).map((name) => name.toLowerCase())]
  const undeclared = Object.keys(headers).filter((name) => !names.includes(name.toLowerCase()))
  return [
    ...undeclared.map((name) => `the header ${name} is not declared`),
    ...declaredHeaderFaults(declared, headers),
  ]
}

function declaredHeaderFaults(declared: Record<string, unknown>, headers: Exchange['headers']): string[] {
  return Object.entries(declared).flatMap(([name, entry]) => {
    const header = resolve<HeaderObject & object>(document, entry as HeaderObject & object)
    const value = headers[name.toLowerCase()]
    if (value === undefined) return header.required ? [`the header ${name} is missing`] : []
    const typed = header.schema?.['type'] === 'integer' ? Number(value) : String(value)
    return invalidities(header.schema ?? {}, typed).map((fault) => `the header ${name}${fault}`)
  })
}

function bodyFaults(
  response: ResponseObject,
  { method, headers, body }: Exchange,
  slug: string | undefined,
): string[] {
  if (method === 'HEAD') return body.length === 0 ? [] : ['a body in a response to HEAD']
  const content = response.content ?? {}
  if (Object.keys(content).length === 0) return body.length === 0 ? [] : ['an undeclared body']
  const type = String(headers['content-type'] ?? '').split(';', 1)[0] ?? ''
  const media = content[type] ?? content['*/*']
  if (media === undefined) return [`the media type "${type}" is not declared`]
  if (slug !== undefined && !(slug in (media.examples ?? {})))
    return [`the problem "${slug}" is not declared`]
  if (!type.endsWith('json') || content['*/*'] !== undefined || media.schema === undefined) return []
  return invalidities(media.schema, JSON.parse(body.toString()) as unknown)
}

function invalidities(schema: Schema, value: unknown): string[] {
  const validate = validators.get(schema) ?? ajv.compile(pointAtIds(schema))
  validators.set(schema, validate)
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => ` ${instancePath} ${message}`)
}

/** Lists the parts of a stream event that openapi.yaml does not declare. */
export function faultsOfEvent(event: unknown): string[] {
  return invalidities(STREAM_EVENT, event)
}
