/** The part of an OpenAPI 3.1 document that routes are made from. */

export interface Schema {
  [keyword: string]: unknown
}

export interface Reference {
  $ref: string
}

export interface MediaType {
  schema?: Schema
  examples?: Record<string, unknown>
}

export interface ParameterObject {
  name: string
  in: string
  required?: boolean
  schema?: Schema
  style?: string
  explode?: boolean
}

export interface RequestBodyObject {
  required?: boolean
  content: Record<string, MediaType>
}

export interface ResponseObject {
  content?: Record<string, MediaType>
  headers?: Record<string, unknown>
}

export interface SecurityScheme {
  type: string
  in?: string
  name?: string
  scheme?: string
}

export type SecurityRequirement = Record<string, string[]>

export interface OperationObject {
  operationId?: string
  parameters?: (ParameterObject | Reference)[]
  requestBody?: RequestBodyObject | Reference
  responses?: Record<string, ResponseObject | Reference>
  security?: SecurityRequirement[]
}

export const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

export type PathItem = { parameters?: (ParameterObject | Reference)[] } & {
  [M in (typeof METHODS)[number]]?: OperationObject
}

export interface Document {
  openapi: string
  info: { title: string; version: string; description?: string }
  paths: Record<string, PathItem>
  security?: SecurityRequirement[]
  components?: {
    schemas?: Record<string, Schema>
    securitySchemes?: Record<string, SecurityScheme>
    [section: string]: Record<string, unknown> | undefined
  }
}

/**
 * Follows `$ref` inside the document (RFC 6901 pointers) until it meets the thing itself.
 * @throws Error naming a reference that leads nowhere, outside the document, or in a circle
 */
export function resolve<T extends object>(document: Document, thing: T | Reference): T {
  let current: T | Reference = thing
  for (let hops = 0; '$ref' in current; hops++) {
    const pointer = current.$ref as string
    if (hops > 20 || !pointer.startsWith('#/')) throw new Error(`openapi.yaml: unusable reference ${pointer}`)
    let target: unknown = document
    for (const step of pointer.slice(2).split('/')) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
      target =
        typeof target === 'object' && target !== null ? (target as Record<string, unknown>)[name] : undefined
    }
    if (typeof target !== 'object' || target === null) {
      throw new Error(`openapi.yaml: reference to nothing, ${pointer}`)
    }
    current = target as T | Reference
  }
  return current
}
