import { Ajv2020, type KeywordDefinition, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import type { DataValidationCxt } from 'ajv/dist/types/index.js'
import formats from 'ajv-formats'
import type { FastifySchemaCompiler } from 'fastify'
import type { Document, Schema } from './document.js'
import { componentSchemas } from './schemas.js'

/** Accompanies `format: uuid`: UUIDs are case-insensitive (RFC 9562 section 4), but the domain compares ids as text. */
const LOWER_CASE: KeywordDefinition = {
  keyword: 'lowerCase',
  modifying: true,
  schema: false,
  validate: (text: unknown, context?: DataValidationCxt) => {
    if (typeof text === 'string' && context !== undefined)
      context.parentData[context.parentDataProperty] = text.toLowerCase()
    return true
  },
}

/** OpenAPI keywords without an effect on validity. */
const ANNOTATIONS = ['example', 'discriminator', 'externalDocs', 'xml']

/**
 * Creates the validators of requests. Path, query and header parameters are text and get coerced to the declared types (a
 * single value of a repeatable parameter to a list); JSON bodies are not coerced. Each validator is compiled at its first
 * use, because compiling all takes longer than the rest of the start.
 */
export function requestValidators(document: Document): FastifySchemaCompiler<Schema> {
  const strict = validator(document, {})
  const coercing = validator(document, { coerceTypes: 'array' })
  return ({ schema, httpPart }) =>
    compileLazily(() => (httpPart === 'body' ? strict : coercing).compile(withLowerCaseIds(schema)))
}

type Validator = ReturnType<FastifySchemaCompiler<Schema>>

function compileLazily(compile: () => ValidateFunction): Validator {
  let compiled: ValidateFunction | undefined
  const validate: Validator = (data: unknown) => {
    compiled ??= compile()
    const isValid = compiled(data) as boolean
    validate.errors = compiled.errors ?? null
    return isValid
  }
  return validate
}

function validator(document: Document, options: Options): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    // User interfaces show all errors at once. Bodies are small, and the response lists a limited number of errors.
    allErrors: true,
    useDefaults: true,
    // CI lints the contract. A check at every start takes longer than reading it.
    validateSchema: false,
    ...options,
  })
  formats.default(ajv)
  for (const keyword of ANNOTATIONS) ajv.addKeyword(keyword)
  ajv.addKeyword(LOWER_CASE)
  for (const schema of componentSchemas(document)) ajv.addSchema(withLowerCaseIds(schema))
  return ajv
}

function withLowerCaseIds<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(withLowerCaseIds) as T
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, withLowerCaseIds(value)]),
  )
  return { ...inner, ...(inner['format'] === 'uuid' && { lowerCase: true }) } as T
}
