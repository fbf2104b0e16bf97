import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifySchemaCompiler } from 'fastify'
import type { Document, Schema } from './document.js'
import { componentSchemas } from './schemas.js'

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
    compiledOnce(() => (httpPart === 'body' ? strict : coercing).compile(schema))
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
  for (const schema of componentSchemas(document)) ajv.addSchema(schema)
  return ajv
}
