import type { Access } from '../domain/caller.js'
import { accessOf } from './access.js'
import {
  type Document,
  METHODS,
  type MediaType,
  type OperationObject,
  type ParameterObject,
  type PathItem,
  type ResponseObject,
  resolve,
  type Schema,
} from './document.js'

/** An operation of the contract, resolved for routing, validation and responses. */
export interface Operation {
  id: string
  /** The operationId whose handler serves it: the GET's for a HEAD of the same path, otherwise its own. */
  handlerId: string
  method: string
  /** As in openapi.yaml, e.g. `/files/{file_id}`. */
  path: string
  access: Access
  parameters: ParameterObject[]
  /** Accepted media types of the body, in lower case; empty if it has none. */
  requestMediaTypes: string[]
  /** The schema of the JSON body; undefined without a body or with a streamed one. */
  jsonBody: Schema | undefined
  /** Whether a rate limit applies: the operation declares 429. */
  limited: boolean
  /** Declared statuses below 400, with their media types. */
  successes: Map<number, Record<string, MediaType>>
}

export const JSON_MEDIA_TYPE = 'application/json'

/** @throws Error with one line for each fault of the document */
export function operationsOf(document: Document): Operation[] {
  const faults: string[] = []
  const operations: Operation[] = []
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const object = item[method]
      if (!object) continue
      try {
        operations.push(operationOf(document, path, method, item, object))
      } catch (error) {
        faults.push(`${method.toUpperCase()} ${path} ${(error as Error).message}`)
      }
    }
  }
  const ids = operations.map((operation) => operation.id)
  const duplicateIds = ids.filter((id, index) => ids.indexOf(id) !== index)
  faults.push(...duplicateIds.map((id) => `operationId "${id}" is used twice`))
  if (faults.length > 0) throw new Error(faults.map((fault) => `openapi.yaml: ${fault}`).join('\n'))
  return operations
}

function operationOf(
  document: Document,
  path: string,
  method: (typeof METHODS)[number],
  item: PathItem,
  object: OperationObject,
): Operation {
  const id = object.operationId
  if (!id) throw new Error('has no operationId')
  const body = object.requestBody && resolve(document, object.requestBody)
  const json = body?.content[JSON_MEDIA_TYPE]
  if (json && !json.schema) throw new Error('has a JSON body without a schema')
  if (json && !body?.required) throw new Error('has a JSON body that is not required, which is not supported')
  return {
    id,
    handlerId: handlerIdOf(id, method, item),
    method: method.toUpperCase(),
    path,
    access: accessOf(object.security ?? document.security, document),
    parameters: parametersOf(document, path, item, object),
    requestMediaTypes: Object.keys(body?.content ?? {}).map((type) => type.toLowerCase()),
    jsonBody: json?.schema,
    limited: '429' in (object.responses ?? {}),
    successes: successesOf(document, object),
  }
}

/** Checks the name, because the type `OperationId` omits these operations by their names. */
function handlerIdOf(id: string, method: string, item: PathItem): string {
  const get = item.get?.operationId
  if (method !== 'head' || !get) return id
  if (id !== `${get}Head`) throw new Error(`is served by the handler of ${get} and must be named ${get}Head`)
  return get
}

function parametersOf(
  document: Document,
  path: string,
  item: PathItem,
  object: OperationObject,
): ParameterObject[] {
  // An operation's parameter overrides its path's one with the same location and name.
  const parameters = new Map<string, ParameterObject>()
  for (const entry of [...(item.parameters ?? []), ...(object.parameters ?? [])]) {
    const parameter = resolve(document, entry)
    if (!parameter.schema) throw new Error(`has the parameter "${parameter.name}" without a schema`)
    if (!['path', 'query', 'header'].includes(parameter.in)) {
      throw new Error(`has the parameter "${parameter.name}" in "${parameter.in}", which is not supported`)
    }
    parameters.set(`${parameter.in} ${parameter.name.toLowerCase()}`, parameter)
  }
  const named = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name)
  const declared = [...parameters.values()]
    .filter((parameter) => parameter.in === 'path')
    .map(({ name }) => name)
  if (named.toSorted().join() !== declared.toSorted().join()) {
    throw new Error('declares path parameters that do not match its path')
  }
  return [...parameters.values()]
}

function successesOf(document: Document, object: OperationObject): Operation['successes'] {
  const successes: Operation['successes'] = new Map()
  for (const [status, entry] of Object.entries(object.responses ?? {})) {
    const response: ResponseObject = resolve(document, entry)
    if (/^[1-3]/.test(status)) successes.set(Number(status), response.content ?? {})
  }
  if (successes.size === 0) throw new Error('declares no success')
  return successes
}
