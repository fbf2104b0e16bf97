import { Ajv2020, type KeywordDefinition, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import type { DataValidationCxt } from 'ajv/dist/types/index.js'
import formats from 'ajv-formats'
import type { FastifySchemaCompiler } from 'fastify'
import type { Document, Schema } from './document.js'
import { componentSchemas } from './schemas.js'

/**
 * Beside `format: uuid`: ids are compared as text from here on, and capitals write the same one (RFC 9562 section 4).
 */
const LOWER_CASE: KeywordDefinition = {
  keyword: 'lowerCase',
  modifying: true,
  schema: false,
  validate: (text: unknown, place?: DataValidationCxt) => {
    if (typeof text === 'string' && place !== undefined)
      place.parentData[place.parentDataProperty] = text.toLowerCase()
    return true
  },
}

/** Words of OpenAPI that say nothing about validity. */
const ANNOTATIONS = ['example', 'discriminator', 'externalDocs', 'xml']

/**
 * Makes the validators of requests. JSON bodies are taken as they are; path, query and headers arrive as text and are
 * turned into the declared types (a single value also into a list of one, for parameters that may be repeated).
 * Each is compiled when the first request needs it: all of them together take longer than the rest of the start.
 */
export function requestValidators(document: Document): FastifySchemaCompiler<Schema> {
  const strict = validator(document, {})
  const coercing = validator(document, { coerceTypes: 'array' })
  return ({ schema, httpPart }) =>
    compiledOnce(() => (httpPart === 'body' ? strict : coercing).compile(withLowerCaseIds(schema)))
}

type Validator = ReturnType<FastifySchemaCompiler<Schema>>

function compiledOnce(compile: () => ValidateFunction): Validator {
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
    // A form wants all of its faults at once; bodies are at most some KiB, and the answer is cut to some entries.
    allErrors: true,
    useDefaults: true,
    // Linted before it is built; to check it again at every start takes longer than to read it.
    validateSchema: false,
    ...options,
  })
  formats.default(ajv)
  for (const word of ANNOTATIONS) ajv.addKeyword(word)
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
